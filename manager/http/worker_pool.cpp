#include "manager/http/worker_pool.hpp"

#include <chrono>
#include <system_error>
#include <utility>

namespace hutch::http {

namespace {
constexpr std::chrono::seconds idle_lifetime{10};
}

WorkerPool::~WorkerPool() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
    auto threads = std::move(threads_);
    threads_.clear();
    lock.unlock();
    for (auto& [id, thread] : threads) thread.join();
    for (std::thread& thread : finished_) thread.join();
}

void WorkerPool::join_finished(std::unique_lock<std::mutex>& lock) {
    std::vector<std::thread> finished = std::exchange(finished_, {});
    if (finished.empty()) return;
    lock.unlock();
    for (std::thread& thread : finished) thread.join();
    lock.lock();
}

void WorkerPool::submit(std::function<void()> job) {
    std::unique_lock lock(mutex_);
    jobs_.push_back(std::move(job));
    // At the end, the thread that submits takes the job itself afterwards.
    if (ending_ || idle_ >= jobs_.size() || threads_.size() >= max_threads_) {
        wake_.notify_one();
        return;
    }
    try {
        std::thread thread([this] { work(); });
        const auto id = thread.get_id();
        threads_.emplace(id, std::move(thread));
    } catch (const std::system_error&) {
        // No thread to be had now: one of the others takes the job when it is free. The first thread must
        // exist, though.
        if (threads_.empty()) throw;
        wake_.notify_one();
    }
    join_finished(lock);
}

void WorkerPool::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        while (!jobs_.empty()) {
            std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
        }
        if (ending_) return;
        ++idle_;
        const bool woken = wake_.wait_for(lock, idle_lifetime, [this] { return ending_ || !jobs_.empty(); });
        --idle_;
        if (woken) continue;
        const auto self = threads_.find(std::this_thread::get_id());
        finished_.push_back(std::move(self->second));
        threads_.erase(self);
        return;
    }
}

}  // namespace hutch::http
