#include "manager/vmm/process_record.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/process.hpp"
#include "common/testing/temporary_directory.hpp"

namespace hutch::vmm {
namespace {

using testing_support::TemporaryDirectory;

TEST(ProcessRecord, EndsWhatWasRecorded) {
    const TemporaryDirectory folder;
    auto child = sys::spawn({"/bin/sleep", "1000"}, {}, {});
    ASSERT_TRUE(child);
    ASSERT_TRUE(record_process(folder.path(), child->pid()));
    ASSERT_TRUE(end_recorded_processes(folder.path()));
    EXPECT_EQ(child->wait()->signal, SIGKILL);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "processes"));
}

TEST(ProcessRecord, LeavesAReusedPidAlone) {
    const TemporaryDirectory folder;
    auto child = sys::spawn({"/bin/sleep", "1000"}, {}, {});
    ASSERT_TRUE(child);
    ASSERT_TRUE(
        sys::write_file_durably(folder.path() / "processes", std::to_string(child->pid()) + " 12\n", 0600));
    ASSERT_TRUE(end_recorded_processes(folder.path()));
    EXPECT_FALSE(child->wait_for(std::chrono::milliseconds(0))->has_value());
}

TEST(ProcessRecord, NothingRecordedIsSuccess) {
    const TemporaryDirectory folder;
    EXPECT_TRUE(end_recorded_processes(folder.path()));
}

}  // namespace
}  // namespace hutch::vmm
