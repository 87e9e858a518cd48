#include "manager/config/settings.hpp"

#include <set>

#include <gtest/gtest.h>

namespace hutch::config {
namespace {

TEST(Settings, NamesAreUniqueAndWellFormed) {
    std::set<std::string_view> seen;
    for (const Setting& setting : settings()) {
        EXPECT_TRUE(setting.variable.starts_with("HUTCH_")) << setting.variable;
        EXPECT_TRUE(seen.insert(setting.variable).second) << setting.variable;
        EXPECT_TRUE(seen.insert(setting.key).second) << setting.key;
        EXPECT_FALSE(setting.meaning.empty()) << setting.variable;
    }
}

TEST(Settings, EveryDefaultIsValid) {
    for (const Setting& setting : settings()) {
        Config config;
        EXPECT_TRUE(apply(setting, std::string(setting.default_text), config)) << setting.variable;
    }
}

}  // namespace
}  // namespace hutch::config
