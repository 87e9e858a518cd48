#include "manager/vm/log_pump.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/sys/file.hpp"

namespace hutch::vm {

namespace {

Result<void> watch(const sys::UniqueFd& epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
        return fail_errno("watch descriptor", errno);
    return {};
}

}  // namespace

Result<std::unique_ptr<LogPump>> LogPump::create(std::uint64_t max_bytes) {
    sys::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) return fail_errno("epoll_create", errno);
    sys::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake) return fail_errno("eventfd", errno);
    HUTCH_CHECK(watch(epoll, wake.get()));
    return std::unique_ptr<LogPump>(new LogPump(std::move(epoll), std::move(wake), max_bytes));
}

LogPump::LogPump(sys::UniqueFd epoll, sys::UniqueFd wake, std::uint64_t max_bytes)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), max_bytes_(max_bytes), thread_([this] { run(); }) {}

LogPump::~LogPump() {
    (void)::eventfd_write(wake_.get(), 1);
    thread_.join();
}

Result<sys::UniqueFd> LogPump::attach(const std::filesystem::path& file) {
    HUTCH_TRY(sys::Pipe pipe, sys::make_pipe());
    if (::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0)
        return fail_errno("make pipe non-blocking", errno);
    auto stream = std::make_unique<Stream>();
    HUTCH_TRY(stream->file, sys::open(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW));
    const off_t size = ::lseek(stream->file.get(), 0, SEEK_END);
    stream->written = size > 0 ? static_cast<std::uint64_t>(size) : 0;
    stream->path = file;
    stream->pipe = std::move(pipe.read_end);
    const int number = stream->pipe.get();
    const std::lock_guard lock(mutex_);
    streams_[number] = std::move(stream);
    if (auto watched = watch(epoll_, number); !watched) {
        streams_.erase(number);
        return tl::unexpected(watched.error());
    }
    return std::move(pipe.write_end);
}

void LogPump::wait_until_complete(const std::filesystem::path& file, std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    stream_ended_.wait_for(lock, timeout, [&] {
        return std::none_of(streams_.begin(), streams_.end(),
                            [&](const auto& entry) { return entry.second->path == file; });
    });
}

void LogPump::run() {
    for (;;) {
        epoll_event events[16];
        const int count = ::epoll_wait(epoll_.get(), events, 16, -1);
        if (count < 0 && errno != EINTR) return;
        for (int index = 0; index < count; ++index) {
            const int fd = events[index].data.fd;
            if (fd == wake_.get()) return;
            const std::lock_guard lock(mutex_);
            const auto stream = streams_.find(fd);
            if (stream == streams_.end() || copy_some(*stream->second)) continue;
            streams_.erase(stream);
            stream_ended_.notify_all();
        }
    }
}

bool LogPump::copy_some(Stream& stream) const {
    char buffer[16384];
    const ssize_t count = ::read(stream.pipe.get(), buffer, sizeof buffer);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    if (stream.written + static_cast<std::uint64_t>(count) > max_bytes_ / 2 && !rotate(stream)) return true;
    // a full disk loses log lines, never the guest
    if (sys::write_all(stream.file, {buffer, static_cast<std::size_t>(count)}))
        stream.written += static_cast<std::uint64_t>(count);
    return true;
}

Result<void> LogPump::rotate(Stream& stream) const {
    const std::string older = stream.path.string() + ".1";
    if (::rename(stream.path.c_str(), older.c_str()) != 0 && errno != ENOENT)
        return fail_errno("rename log", errno);
    HUTCH_TRY(stream.file, sys::open(stream.path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW));
    stream.written = 0;
    return {};
}

}  // namespace hutch::vm
