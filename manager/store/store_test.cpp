#include "manager/store/store.hpp"

#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::store {
namespace {

class StoreTest : public testing::Test {
protected:
    StoreTest() { image_ = store_->insert_image(image_record("debian", true)).value().id; }

    static ImageRecord image_record(const std::string& name, bool is_default) {
        ImageRecord record;
        record.id = ImageId::generate();
        record.name = name;
        record.is_default = is_default;
        record.rootfs_digest = name + "-digest";
        record.rootfs_format = "ext4";
        record.rootfs_bytes = 4096;
        return record;
    }

    VmRecord vm_record() {
        VmRecord record;
        record.id = VmId::generate();
        record.memory_mib = 128;
        record.disk_mib = 10240;
        record.driver = "uml";
        record.image_id = image_;
        record.rootfs_digest = "aa";
        record.kernel_digest = "bb";
        record.initramfs_digest = "cc";
        return record;
    }

    void reopen() {
        store_.reset();
        store_ = Store::open(path_).value();
    }

    testing_support::TemporaryDirectory folder_;
    std::filesystem::path path_ = folder_.path() / "hutch.db";
    std::unique_ptr<Store> store_ = Store::open(path_).value();
    ImageId image_;
};

TEST_F(StoreTest, AVmReadsBackAsItWasWritten) {
    VmRecord record = vm_record();
    record.state = VmState::starting;
    record.error = "because";
    record.name = "näme \"quoted\"";
    record.labels = {{"team", "a b"}, {"", "empty key"}};
    record.cpu = 2;
    record.allow_ips = {"10.0.0.0/8", "*.example.org:443"};
    record.outbound_internet = true;
    const VmRecord written = store_->insert_vm(record).value();
    reopen();
    const VmRecord read = store_->vm(record.id).value();
    EXPECT_EQ(read.id, record.id);
    EXPECT_EQ(read.state, VmState::starting);
    EXPECT_EQ(read.error, "because");
    EXPECT_EQ(read.name, record.name);
    EXPECT_EQ(read.labels, record.labels);
    EXPECT_EQ(read.cpu, 2);
    EXPECT_EQ(read.memory_mib, 128);
    EXPECT_EQ(read.disk_mib, 10240);
    EXPECT_EQ(read.allow_ips, record.allow_ips);
    EXPECT_TRUE(read.outbound_internet);
    EXPECT_EQ(read.driver, "uml");
    EXPECT_EQ(read.profile, "strict");
    EXPECT_EQ(read.image_id, image_);
    EXPECT_EQ(read.rootfs_digest, "aa");
    EXPECT_EQ(read.kernel_digest, "bb");
    EXPECT_EQ(read.initramfs_digest, "cc");
    EXPECT_EQ(read.created_at, written.created_at);
    EXPECT_EQ(read.last_active_at, written.last_active_at);
    EXPECT_EQ(written.created_at.size(), std::string("2026-01-31T12:00:00.000Z").size());
}

TEST_F(StoreTest, LeasesTheLowestFreeAddress) {
    const VmRecord first = store_->insert_vm(vm_record()).value();
    const VmRecord second = store_->insert_vm(vm_record()).value();
    const VmRecord third = store_->insert_vm(vm_record()).value();
    EXPECT_EQ(first.guest_ip, "172.16.0.2");
    EXPECT_EQ(second.guest_ip, "172.16.0.3");
    EXPECT_EQ(third.guest_ip, "172.16.0.4");
    ASSERT_TRUE(store_->remove_vm(second.id));
    EXPECT_EQ(store_->insert_vm(vm_record()).value().guest_ip, "172.16.0.3");
    ASSERT_TRUE(store_->remove_vm(first.id));
    EXPECT_EQ(store_->insert_vm(vm_record()).value().guest_ip, "172.16.0.2");
    EXPECT_EQ(store_->insert_vm(vm_record()).value().guest_ip, "172.16.0.5");
}

TEST_F(StoreTest, ARequestedAddressIsKeptOrRefused) {
    VmRecord record = vm_record();
    record.guest_ip = "172.16.255.254";
    EXPECT_EQ(store_->insert_vm(record).value().guest_ip, "172.16.255.254");
    EXPECT_EQ(store_->insert_vm(vm_record()).value().guest_ip, "172.16.0.2") << "not beyond the last one";
    record.id = VmId::generate();
    EXPECT_EQ(store_->insert_vm(record).error().code, "guest_ip_in_use");
    record.guest_ip = "10.0.0.1";
    EXPECT_EQ(store_->insert_vm(record).error().code, "invalid_guest_ip");
}

TEST_F(StoreTest, ThreadsNeverShareAnAddress) {
    std::vector<std::thread> threads;
    std::mutex mutex;
    std::set<std::string> addresses;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            for (int i = 0; i < 10; ++i) {
                const auto record = store_->insert_vm(vm_record());
                const std::lock_guard lock(mutex);
                addresses.insert(record.value().guest_ip);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(addresses.size(), 40U);
    EXPECT_EQ(store_->vms().value().size(), 40U);
}

TEST_F(StoreTest, AMoveHappensOnlyFromTheStateExpected) {
    const VmRecord record = store_->insert_vm(vm_record()).value();
    ASSERT_TRUE(store_->move_vm(record.id, VmState::created, VmState::starting));
    const auto wrong = store_->move_vm(record.id, VmState::created, VmState::starting);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, ErrorKind::conflict);
    EXPECT_NE(wrong.error().message.find("STARTING"), std::string::npos);
    ASSERT_TRUE(store_->move_vm(record.id, VmState::starting, VmState::error, "the guest panicked"));
    EXPECT_EQ(store_->vm(record.id).value().error, "the guest panicked");
    ASSERT_TRUE(store_->move_vm(record.id, VmState::error, VmState::starting));
    EXPECT_EQ(store_->vm(record.id).value().error, "");
    EXPECT_EQ(store_->move_vm(VmId::generate(), VmState::created, VmState::starting).error().code,
              "vm_not_found");
}

TEST_F(StoreTest, ADeletedVmIsNotFoundButItsRemovalIsRemembered) {
    const VmRecord record = store_->insert_vm(vm_record()).value();
    ASSERT_TRUE(store_->move_vm(record.id, VmState::created, VmState::deleted));
    reopen();
    EXPECT_EQ(store_->vm(record.id).error().code, "vm_not_found");
    EXPECT_TRUE(store_->vms().value().empty());
    ASSERT_EQ(store_->deleted_vms().value().size(), 1U);
    EXPECT_EQ(store_->insert_vm(vm_record()).value().guest_ip, "172.16.0.3") << "its address is still taken";
    ASSERT_TRUE(store_->remove_vm(record.id));
    EXPECT_TRUE(store_->deleted_vms().value().empty());
    EXPECT_EQ(store_->insert_vm(vm_record()).value().guest_ip, "172.16.0.2");
    EXPECT_EQ(store_->remove_vm(record.id).error().kind, ErrorKind::not_found);
}

TEST_F(StoreTest, VmsComeOldestFirst) {
    std::vector<VmId> expected;
    for (int i = 0; i < 5; ++i) expected.push_back(store_->insert_vm(vm_record()).value().id);
    std::vector<VmId> got;
    const std::vector<VmRecord> records = store_->vms().value();
    for (const VmRecord& record : records) got.push_back(record.id);
    EXPECT_EQ(got, expected);
}

TEST_F(StoreTest, TouchSetsTheTimeOfUse) {
    const VmRecord record = store_->insert_vm(vm_record()).value();
    ASSERT_TRUE(store_->touch_vm(record.id, "2030-01-01T00:00:00.000Z"));
    EXPECT_EQ(store_->vm(record.id).value().last_active_at, "2030-01-01T00:00:00.000Z");
    EXPECT_FALSE(store_->touch_vm(VmId::generate(), "2030-01-01T00:00:00.000Z"));
}

TEST_F(StoreTest, AVmNeedsAnImageThatExists) {
    VmRecord record = vm_record();
    record.image_id = ImageId::generate();
    EXPECT_EQ(store_->insert_vm(record).error().code, "image_not_found");
    EXPECT_TRUE(store_->vms().value().empty());
}

TEST_F(StoreTest, ImagesReadBackAndOneIsTheDefault) {
    const ImageRecord second = store_->insert_image(image_record("alpine", true)).value();
    reopen();
    EXPECT_EQ(store_->default_image().value().id, second.id);
    EXPECT_FALSE(store_->image(image_).value().is_default);
    EXPECT_EQ(store_->images().value().size(), 2U);
    EXPECT_EQ(store_->image_by_digest("debian-digest").value().id, image_);
    EXPECT_EQ(store_->image_by_digest("none").error().code, "image_not_found");
    ASSERT_TRUE(store_->set_default_image(image_));
    EXPECT_EQ(store_->default_image().value().id, image_);
    EXPECT_FALSE(store_->set_default_image(ImageId::generate()));
    EXPECT_EQ(store_->default_image().value().id, image_) << "a failed change changes nothing";
    EXPECT_FALSE(store_->image(image_).value().rootfs_complete);
    ASSERT_TRUE(store_->mark_image_complete(image_));
    EXPECT_TRUE(store_->image(image_).value().rootfs_complete);
    EXPECT_EQ(store_->image(image_).value().rootfs_bytes, 4096);
}

TEST_F(StoreTest, ActivityComesNewestFirstAndIsBounded) {
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(
            store_->record_activity("vm.created", "vm", "vm-x", "made " + std::to_string(i), R"({"n":1})"));
    }
    const auto two = store_->activity(2).value();
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(two[0].message, "made 2");
    EXPECT_EQ(two[1].message, "made 1");
    EXPECT_GT(two[0].id, two[1].id);
    EXPECT_EQ(two[0].meta_json, R"({"n":1})");
    for (std::int64_t i = 0; i < max_activity_rows; ++i)
        ASSERT_TRUE(store_->record_activity("t", "e", "i", "m"));
    EXPECT_EQ(store_->activity(20'000).value().size(), static_cast<std::size_t>(max_activity_rows));
}

TEST_F(StoreTest, ASecondOpenOfTheSameFileIsRefused) {
    const auto second = Store::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "data_dir_in_use");
    store_.reset();
    EXPECT_TRUE(Store::open(path_));
}

TEST_F(StoreTest, ItsFilesArePrivate) {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
        struct stat status {};
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 077U, 0U) << entry.path();
    }
}

}  // namespace
}  // namespace hutch::store
