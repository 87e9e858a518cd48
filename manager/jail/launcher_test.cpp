#include "manager/jail/launcher.hpp"

#include <map>
#include <sstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/testing/temporary_directory.hpp"

namespace hutch::jail {
namespace {

using Outcomes = std::map<std::string, std::string>;

/// One user id of the range that VMs get when the manager is root.
constexpr std::uint32_t some_host_uid = 0x4855'1234;

Outcomes parse(const std::string& text) {
    Outcomes outcomes;
    std::istringstream lines(text);
    for (std::string name, outcome; lines >> name && std::getline(lines >> std::ws, outcome);)
        outcomes[name] = outcome;
    return outcomes;
}

std::string read_all(const sys::UniqueFd& fd) {
    std::string text;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::read(fd.get(), buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(count));
    return text;
}

class LauncherTest : public ::testing::TestWithParam<Policy> {
protected:
    LauncherTest() {
        EXPECT_TRUE(sys::write_file_durably(base(), "base", 0444));
        EXPECT_TRUE(sys::write_file_durably(disk(), "disk", 0600));
        EXPECT_TRUE(sys::write_file_durably(secret(), "secret", 0644));
        if (::geteuid() == 0) {
            EXPECT_EQ(::chown(disk().c_str(), some_host_uid, some_host_uid), 0);
        }
    }

    [[nodiscard]] std::filesystem::path base() const { return folder_.path() / "base"; }
    [[nodiscard]] std::filesystem::path disk() const { return folder_.path() / "disk"; }
    [[nodiscard]] std::filesystem::path secret() const { return folder_.path() / "secret"; }

    [[nodiscard]] Specification probe_specification() const {
        Specification specification;
        specification.program = "/probe";
        specification.arguments = {"/probe", secret().string()};
        specification.mounts = {{MountKind::read_only, HUTCH_JAIL_PROBE, "/probe", 0},
                                {MountKind::read_only, base().string(), "/base", 0},
                                {MountKind::read_write, disk().string(), "/disk", 0},
                                {MountKind::tmpfs, "", "/tmp", 1 << 20}};
        specification.policy = GetParam();
        specification.max_file_bytes = 1 << 20;
        if (::geteuid() == 0) specification.host_uid = some_host_uid;
        return specification;
    }

    /// Runs it to its end and returns what it printed.
    [[nodiscard]] static Result<std::string> run(const Specification& specification) {
        HUTCH_TRY(sys::Pipe output, sys::make_pipe());
        HUTCH_TRY(sys::ChildProcess process, Launcher(HUTCH_JAIL_PROGRAM)
                                                 .launch(specification, {{output.write_end.get(), 1}},
                                                         [](pid_t) -> Result<void> { return {}; }));
        output.write_end.reset();
        std::string text = read_all(output.read_end);
        HUTCH_TRY(const sys::ExitStatus status, process.wait());
        return text + "exit " + status.describe();
    }

    testing_support::TemporaryDirectory folder_;
};

INSTANTIATE_TEST_SUITE_P(Policies, LauncherTest, ::testing::Values(Policy::uml, Policy::vsock_device),
                         [](const auto& instance) {
                             return instance.param == Policy::uml ? "uml" : "vsock_device";
                         });

TEST_P(LauncherTest, OutsideTheJailTheProbeGetsThrough) {
    auto output = sys::make_pipe();
    ASSERT_TRUE(output);
    auto process = sys::spawn({HUTCH_JAIL_PROBE, secret().string()}, {}, {{output->write_end.get(), 1}});
    ASSERT_TRUE(process);
    output->write_end.reset();
    const Outcomes outcomes = parse(read_all(output->read_end));
    for (const char* name : {"open_host_file", "inet_socket", "netlink_socket"})
        EXPECT_EQ(outcomes.at(name), "allowed") << name;
    EXPECT_EQ(outcomes.at("no_new_privs"), "0");
}

TEST_P(LauncherTest, AHostileProgramIsDeniedEverythingButItsDisk) {
    auto text = run(probe_specification());
    ASSERT_TRUE(text) << text.error().message;
    Outcomes outcomes = parse(*text);
    for (const char* name :
         {"inet_socket", "netlink_socket", "vsock_socket", "packet_socket", "new_user_namespace",
          "new_mount_namespace", "mount", "chroot", "bpf", "io_uring", "userfaultfd", "keyctl",
          "perf_event_open", "init_module", "setuid_root"})
        EXPECT_EQ(outcomes[name], "EPERM") << name << " in\n" << *text;
    for (const char* name :
         {"open_host_file", "write_read_only_file", "chmod_read_only_file", "create_in_root"})
        EXPECT_NE(outcomes[name], "allowed") << name;
    EXPECT_EQ(outcomes["pid"], "1");
    EXPECT_EQ(outcomes["no_new_privs"], "1");
    EXPECT_EQ(*sys::read_file(base(), 100), "base");
    if (GetParam() == Policy::uml) {
        EXPECT_EQ(outcomes["write_own_disk"], "allowed");
        EXPECT_EQ(outcomes["create_in_tmpfs"], "allowed");
        EXPECT_EQ(outcomes["open_host_file"], "ENOENT");
    }
}

TEST_P(LauncherTest, TheSecretIsStillReadableOutside) {
    // the denials above would prove nothing if the file were not there
    EXPECT_EQ(*sys::read_file(secret(), 100), "secret");
}

TEST_P(LauncherTest, AMissingSourceIsAClearErrorAndNothingRuns) {
    Specification specification = probe_specification();
    specification.mounts.push_back({MountKind::read_only, "/does/not/exist", "/x", 0});
    const auto text = run(specification);
    ASSERT_FALSE(text);
    EXPECT_NE(text.error().message.find("/does/not/exist"), std::string::npos) << text.error().message;
}

TEST_P(LauncherTest, AMissingProgramIsAClearError) {
    Specification specification = probe_specification();
    specification.program = "/absent";
    const auto text = run(specification);
    ASSERT_FALSE(text);
    EXPECT_NE(text.error().message.find("/absent"), std::string::npos) << text.error().message;
}

TEST_P(LauncherTest, WhenThePidCannotBeRecordedNothingRuns) {
    const auto launched =
        Launcher(HUTCH_JAIL_PROGRAM).launch(probe_specification(), {}, [](pid_t) -> Result<void> {
            return fail(ErrorKind::storage_full, "storage_full", "no space");
        });
    ASSERT_FALSE(launched);
    EXPECT_EQ(launched.error().kind, ErrorKind::storage_full);
}

}  // namespace
}  // namespace hutch::jail
