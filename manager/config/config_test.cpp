#include "manager/config/config.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "common/testing/temporary_directory.hpp"

namespace hutch::config {
namespace {

using Environment = std::map<std::string, std::string>;

class ConfigTest : public testing::Test {
protected:
    Result<Config> with(Environment environment) {
        environment.emplace("HOME", "/home/somebody");
        return load({std::nullopt, std::move(environment), "/opt/hutch/bin"});
    }

    Result<Config> with_file(const std::string& text, Environment environment = {}) {
        std::ofstream(path_) << text;
        environment.emplace("HOME", "/home/somebody");
        return load({path_, std::move(environment), "/opt/hutch/bin"});
    }

    static void expect_error(const Result<Config>& result, const std::vector<std::string>& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument);
        for (const auto& word : words) {
            EXPECT_NE(result.error().message.find(word), std::string::npos) << result.error().message;
        }
    }

    testing_support::TemporaryDirectory folder_;
    std::filesystem::path path_ = folder_.path() / "hutch.toml";
};

TEST_F(ConfigTest, Defaults) {
    const Config config = with({}).value();
    EXPECT_EQ(config.listen_host, "127.0.0.1");
    EXPECT_EQ(config.listen_port, 3000);
    EXPECT_EQ(config.data_dir, "/home/somebody/.local/share/hutch");
    EXPECT_EQ(config.guest_dir, "/opt/hutch/guest");
    EXPECT_EQ(config.libexec_dir, "/opt/hutch/bin");
    EXPECT_EQ(config.driver, "auto");
    EXPECT_EQ(config.uml_mode, "ptrace");
    EXPECT_EQ(config.max_vms, 256);
    EXPECT_EQ(config.default_disk_mib, 10240);
    EXPECT_EQ(config.min_memory_mib, 128);
    EXPECT_EQ(config.rate_limit, 6000);
    EXPECT_EQ(with({{"XDG_DATA_HOME", "/data"}}).value().data_dir, "/data/hutch");
    EXPECT_EQ(with({{"XDG_DATA_HOME", "relative"}}).value().data_dir, "/home/somebody/.local/share/hutch");
}

TEST_F(ConfigTest, TheFileCountsAndTheVariableWins) {
    const std::string text = R"(
        listen = "[::1]:8080"   # comment
        data_dir = "/srv/hutch/"
        [limits]
        max_vms = 7
        min_memory_mb = 64
    )";
    const Config from_file = with_file(text).value();
    EXPECT_EQ(from_file.listen_host, "::1");
    EXPECT_EQ(from_file.listen_port, 8080);
    EXPECT_EQ(from_file.data_dir, "/srv/hutch");
    EXPECT_EQ(from_file.max_vms, 7);
    EXPECT_EQ(from_file.min_memory_mib, 64);
    const Config both = with_file(text, {{"HUTCH_MAX_VMS", "9"}, {"HUTCH_LISTEN", "0.0.0.0:0"}}).value();
    EXPECT_EQ(both.max_vms, 9);
    EXPECT_EQ(both.listen_host, "0.0.0.0");
    EXPECT_EQ(both.listen_port, 0);
    EXPECT_EQ(both.min_memory_mib, 64);
}

TEST_F(ConfigTest, TheFileMayBeNamedByVariable) {
    std::ofstream(path_) << "[limits]\nmax_vms = 5\n";
    EXPECT_EQ(with({{"HUTCH_CONFIG", path_.string()}}).value().max_vms, 5);
    EXPECT_FALSE(with({{"HUTCH_CONFIG", "/nowhere/hutch.toml"}}));
}

TEST_F(ConfigTest, UnknownNamesAreErrors) {
    expect_error(with({{"HUTCH_MAX_VM", "3"}}), {"HUTCH_MAX_VM"});
    expect_error(with_file("max_vms = 3"), {"max_vms", "hutch.toml"});
    expect_error(with_file("[limits]\nvms = 3"), {"limits.vms"});
    expect_error(with_file("[limits.deep]\nvms = 3"), {"limits.deep"});
    expect_error(with_file("limits = 3"), {"limits"});
    EXPECT_TRUE(with({{"HUTCHISON", "no variable of ours"}}));
}

TEST_F(ConfigTest, IllTypedOrOutOfRangeValuesAreErrorsThatNameTheKey) {
    for (const char* value :
         {"0", "-1", "65534", "3.5", "3 ", " 3", "three", "0x10", "99999999999999999999", "1e3"}) {
        expect_error(with({{"HUTCH_MAX_VMS", value}}), {"HUTCH_MAX_VMS", "from 1 to 65533"});
    }
    for (const char* value :
         {"3000", ":3000", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:3000", "[]:1", "host:x"}) {
        expect_error(with({{"HUTCH_LISTEN", value}}), {"HUTCH_LISTEN"});
    }
    expect_error(with({{"HUTCH_DRIVER", "vmware"}}), {"HUTCH_DRIVER", "auto, uml"});
    expect_error(with_file("[limits]\nmax_vms = \"3\""), {"limits.max_vms", "whole number"});
    expect_error(with_file("[limits]\nmax_vms = 3.0"), {"limits.max_vms", "whole number"});
    expect_error(with_file("[limits]\nmax_vms = 0"), {"limits.max_vms", "hutch.toml"});
    expect_error(with_file("listen = 3000"), {"listen", "string"});
    expect_error(with_file("listen = "), {"hutch.toml", "line 1"});
}

TEST_F(ConfigTest, WhatThisVersionCannotDoIsAnErrorAndItsOffValueIsNot) {
    expect_error(with({{"HUTCH_DRIVER", "firecracker"}}), {"HUTCH_DRIVER", "not available in this version"});
    expect_error(with({{"HUTCH_DRIVER", "qemu"}}), {"HUTCH_DRIVER", "not available in this version"});
    expect_error(with({{"HUTCH_UML_MODE", "seccomp"}}), {"HUTCH_UML_MODE", "not available in this version"});
    expect_error(with({{"HUTCH_WARM_POOL", "4"}}), {"HUTCH_WARM_POOL", "not available in this version"});
    expect_error(with({{"HUTCH_ON_EXIT", "keep"}}), {"HUTCH_ON_EXIT", "not available in this version"});
    expect_error(with({{"HUTCH_MAX_UPLOAD_BYTES", "5"}}),
                 {"HUTCH_MAX_UPLOAD_BYTES", "not available in this version"});
    expect_error(with({{"HUTCH_FIRECRACKER_BIN", "/bin/x"}}),
                 {"HUTCH_FIRECRACKER_BIN", "not available in this version"});
    expect_error(with_file("warm_pool = 2"), {"warm_pool", "not available in this version"});
    EXPECT_TRUE(with({{"HUTCH_WARM_POOL", "0"},
                      {"HUTCH_ON_EXIT", "stop"},
                      {"HUTCH_UML_MODE", "ptrace"},
                      {"HUTCH_DRIVER", "uml"}}));
    EXPECT_TRUE(with_file("warm_pool = 0\non_exit = \"stop\""));
}

TEST_F(ConfigTest, AnEmptyVariableCountsAsNotSet) {
    EXPECT_EQ(with({{"HUTCH_MAX_VMS", ""}}).value().max_vms, 256);
    EXPECT_EQ(with_file("[limits]\nmax_vms = 5", {{"HUTCH_MAX_VMS", ""}}).value().max_vms, 5);
}

TEST_F(ConfigTest, SettingsThatDependOnEachOther) {
    expect_error(with({{"HUTCH_ADMIN_PASSWORD", "secret"}}), {"HUTCH_ADMIN_EMAIL"});
    EXPECT_TRUE(with({{"HUTCH_ADMIN_EMAIL", "a@b"}}));
    expect_error(with({{"HUTCH_DEFAULT_DISK_MB", "2000"}, {"HUTCH_MAX_DISK_MB", "1000"}}),
                 {"HUTCH_DEFAULT_DISK_MB"});
    expect_error(with({{"HUTCH_PUBLIC_URL", "hutch.example.org"}}), {"HUTCH_PUBLIC_URL"});
    EXPECT_TRUE(with({{"HUTCH_PUBLIC_URL", "https://hutch.example.org"}}));
    expect_error(with({{"HUTCH_API_KEY", "with space"}}), {"HUTCH_API_KEY"});
    expect_error(with({{"HUTCH_API_KEY", "line\n"}}), {"HUTCH_API_KEY"});
}

TEST_F(ConfigTest, TheExampleFileIsValidWithItsCommentsRemovedToo) {
    EXPECT_TRUE(with_file(example_file()));
    std::string text;
    std::istringstream lines(example_file());
    for (std::string line; std::getline(lines, line);) {
        const bool key = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        if (key && line.find("max_upload_bytes") == std::string::npos) line.erase(0, 1);
        text += line + "\n";
    }
    const auto config = with_file(text);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->max_vms, 256);
}

TEST_F(ConfigTest, ErrorsDoNotShowSecrets) {
    const auto result = with({{"HUTCH_API_KEY", "very secret"}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message.find("very"), std::string::npos);
}

}  // namespace
}  // namespace hutch::config
