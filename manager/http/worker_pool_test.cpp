#include "manager/http/worker_pool.hpp"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace hutch::http {
namespace {

TEST(WorkerPool, JobsThatBlockDoNotKeepOthersFromRunning) {
    WorkerPool pool(9);
    std::latch release(1);
    for (int i = 0; i < 8; ++i) pool.submit([&] { release.wait(); });
    std::latch ran(1);
    pool.submit([&] { ran.count_down(); });
    ran.wait();  // the ninth thread
    release.count_down();
}

TEST(WorkerPool, BeyondTheLimitJobsWaitAndAllRunInTheEnd) {
    std::atomic<int> done = 0;
    {
        WorkerPool pool(2);
        for (int i = 0; i < 1000; ++i) pool.submit([&] { ++done; });
    }
    EXPECT_EQ(done, 1000);
}

TEST(WorkerPool, JobsMaySubmitJobs) {
    std::atomic<int> done = 0;
    {
        WorkerPool pool(1);
        pool.submit([&] {
            ++done;
            pool.submit([&] { ++done; });
        });
    }
    EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace hutch::http
