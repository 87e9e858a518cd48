#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace hutch::http {

/// Threads for calls that block. Made as needed up to a limit; one that had nothing to do for some seconds
/// ends. Any thread may submit.
class WorkerPool {
public:
    explicit WorkerPool(std::size_t max_threads) : max_threads_(max_threads) {}
    /// Runs what was submitted, then ends all threads.
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Runs `job` on one of the threads, as soon as one is free. Jobs don't throw.
    void submit(std::function<void()> job);

private:
    void work();
    void join_finished(std::unique_lock<std::mutex>& lock);

    const std::size_t max_threads_;
    std::mutex mutex_;  ///< guards all below
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    std::size_t idle_ = 0;
    bool ending_ = false;
    std::unordered_map<std::thread::id, std::thread> threads_;
    std::vector<std::thread> finished_;
};

}  // namespace hutch::http
