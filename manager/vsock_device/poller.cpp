#include "manager/vsock_device/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace hutch::vsock {

Result<Poller> Poller::create() {
    sys::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("epoll_create", errno);
    return Poller(std::move(epoll));
}

Result<void> Poller::control(int operation, const sys::UniqueFd& fd, std::uint32_t events,
                             std::uint64_t token) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token;
    if (::epoll_ctl(epoll_.get(), operation, fd.get(), &event) != 0) return fail_errno("epoll_ctl", errno);
    return {};
}

Result<void> Poller::add(const sys::UniqueFd& fd, std::uint32_t events, std::uint64_t token) {
    return control(EPOLL_CTL_ADD, fd, events, token);
}

Result<void> Poller::modify(const sys::UniqueFd& fd, std::uint32_t events, std::uint64_t token) {
    return control(EPOLL_CTL_MOD, fd, events, token);
}

void Poller::remove(const sys::UniqueFd& fd) {
    // the only failure is that it is not registered
    static_cast<void>(control(EPOLL_CTL_DEL, fd, 0, 0));
}

Result<std::span<const epoll_event>> Poller::wait(std::span<epoll_event> storage,
                                                  std::optional<std::chrono::milliseconds> timeout) {
    using Count = std::chrono::milliseconds::rep;
    const int limit =
        timeout ? static_cast<int>(std::clamp<Count>(timeout->count(), 0, std::numeric_limits<int>::max()))
                : -1;
    const int count = ::epoll_wait(epoll_.get(), storage.data(), static_cast<int>(storage.size()), limit);
    if (count < 0 && errno != EINTR) return fail_errno("epoll_wait", errno);
    return std::span<const epoll_event>(storage.first(static_cast<std::size_t>(std::max(count, 0))));
}

}  // namespace hutch::vsock
