#include "manager/vm/exit_watcher.hpp"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace hutch::vm {

namespace {

Result<void> add(const sys::UniqueFd& epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno("watch process", errno);
    return {};
}

}  // namespace

Result<std::unique_ptr<ExitWatcher>> ExitWatcher::create(Callback on_exit) {
    sys::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("epoll_create", errno);
    sys::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return fail_errno("eventfd", errno);
    HUTCH_CHECK(add(epoll, wake.get()));
    return std::unique_ptr<ExitWatcher>(
        new ExitWatcher(std::move(epoll), std::move(wake), std::move(on_exit)));
}

ExitWatcher::ExitWatcher(sys::UniqueFd epoll, sys::UniqueFd wake, Callback on_exit)
    : epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      on_exit_(std::move(on_exit)),
      thread_([this] { run(); }) {}

ExitWatcher::~ExitWatcher() {
    (void)::eventfd_write(wake_.get(), 1);
    thread_.join();
}

Result<void> ExitWatcher::watch(const store::VmId& id, const std::vector<int>& descriptors) {
    const std::lock_guard lock(mutex_);
    for (const int fd : descriptors) {
        watched_[fd] = id;
        HUTCH_CHECK(add(epoll_, fd));
    }
    return {};
}

void ExitWatcher::unwatch(const std::vector<int>& descriptors) {
    const std::lock_guard lock(mutex_);
    for (const int fd : descriptors) {
        if (watched_.erase(fd) != 0) (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    }
}

void ExitWatcher::run() {
    for (;;) {
        epoll_event event{};
        const int count = ::epoll_wait(epoll_.get(), &event, 1, -1);
        if (count < 0 && errno != EINTR) return;
        if (count <= 0) continue;
        if (event.data.fd == wake_.get()) return;
        store::VmId id;
        {
            const std::lock_guard lock(mutex_);
            const auto found = watched_.find(event.data.fd);
            if (found == watched_.end()) continue;
            id = found->second;
        }
        on_exit_(id);
    }
}

}  // namespace hutch::vm
