#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::vm {

/// Copies what jailed processes write (a guest's console, a VMM's messages) from pipes into files of limited
/// size. One thread of its own serves all; a writer that floods waits for it. Any thread may call.
class LogPump {
public:
    /// `max_bytes`: most that one log takes on disk. When half of it is full, the file becomes `<name>.1` and
    /// a new one begins.
    [[nodiscard]] static Result<std::unique_ptr<LogPump>> create(std::uint64_t max_bytes);
    ~LogPump();
    LogPump(const LogPump&) = delete;
    LogPump& operator=(const LogPump&) = delete;

    /// The writing end of a new pipe that is appended to `file` until its last writer is gone.
    [[nodiscard]] Result<sys::UniqueFd> attach(const std::filesystem::path& file);

    /// Waits until everything written for `file` by writers that are gone now is in it, at most `timeout`.
    void wait_until_complete(const std::filesystem::path& file, std::chrono::milliseconds timeout);

private:
    struct Stream {
        sys::UniqueFd pipe;
        sys::UniqueFd file;
        std::filesystem::path path;
        std::uint64_t written = 0;
    };

    LogPump(sys::UniqueFd epoll, sys::UniqueFd wake, std::uint64_t max_bytes);
    void run();
    /// False at end of file.
    [[nodiscard]] bool copy_some(Stream& stream) const;
    [[nodiscard]] Result<void> rotate(Stream& stream) const;

    sys::UniqueFd epoll_;
    sys::UniqueFd wake_;  ///< eventfd: the end
    std::uint64_t max_bytes_;
    std::mutex mutex_;
    std::condition_variable stream_ended_;
    std::unordered_map<int, std::unique_ptr<Stream>> streams_;  ///< by pipe descriptor; guarded by mutex_
    std::thread thread_;
};

}  // namespace hutch::vm
