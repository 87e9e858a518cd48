#include "guest-agent/environment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Environment, Names) {
    for (const std::string_view name : {"A", "a", "_", "PATH", "npm_config_cache", "A1_b"})
        EXPECT_TRUE(Environment::is_name(name));
    for (const std::string_view name :
         {"", "1A", "A-B", "A B", "A=B", "\u00c4", "BASH_FUNC_x%%", "A.", "--A", "A\n"})
        EXPECT_FALSE(Environment::is_name(name)) << name;
    EXPECT_FALSE(Environment::is_name(std::string_view("A\0", 2)));
}

TEST(Environment, LaterValuesWin) {
    Environment environment;
    ASSERT_TRUE(environment.set("A", "1"));
    ASSERT_TRUE(environment.set("AB", "2"));
    ASSERT_TRUE(environment.set("A", "x=y"));
    EXPECT_THAT(environment.entries(), ElementsAre("A=x=y", "AB=2"));
    EXPECT_EQ(environment.get("A"), "x=y");
    EXPECT_TRUE(environment.has("AB"));
    EXPECT_FALSE(environment.has("B"));

    Environment other;
    ASSERT_TRUE(other.set("AB", ""));
    ASSERT_TRUE(other.set("C", "3"));
    environment.merge(other);
    EXPECT_THAT(environment.entries(), ElementsAre("A=x=y", "AB=", "C=3"));
}

TEST(Environment, RefusesWithTheName) {
    Environment environment;
    const auto bad_name = environment.set("A-B", "1");
    ASSERT_FALSE(bad_name);
    EXPECT_THAT(bad_name.error().message, HasSubstr("A-B"));
    const auto bad_value = environment.set("AB", std::string_view("1\0", 2));
    ASSERT_FALSE(bad_value);
    EXPECT_THAT(bad_value.error().message, HasSubstr("env.AB"));
}

TEST(Environment, ReadsALoginShells) {
    constexpr char text[] =
        "PATH=/bin\0_=/usr/bin/env\0SHLVL=0\0PWD=/\0BASH_FUNC_f%%=() { :; }\0A=x\ny\0LAST=1";
    EXPECT_THAT(Environment::from_null_separated({text, sizeof text - 1}).entries(),
                ElementsAre("PATH=/bin", "A=x\ny", "LAST=1"));
    EXPECT_TRUE(Environment::from_null_separated("").entries().empty());
}

TEST(Environment, CachesAreOutsideTheWorkspace) {
    const Environment base = Environment::base();
    EXPECT_EQ(base.get("HOME"), "/workspace");
    for (const char* name : {"XDG_CACHE_HOME", "npm_config_cache", "PIP_CACHE_DIR", "DENO_DIR"})
        EXPECT_TRUE(base.get(name).starts_with("/var/tmp/")) << name;
}

}  // namespace
}  // namespace hutch::guest_agent
