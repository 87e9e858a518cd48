#include "guest-agent/plain_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PlainCommand, SplitsWords) {
    EXPECT_THAT(plain_command("/bin/true").value(), ElementsAre("/bin/true"));
    EXPECT_THAT(plain_command("  ls  -la\t/tmp ").value(), ElementsAre("ls", "-la", "/tmp"));
    EXPECT_THAT(plain_command("git --format=%H log").value(), ElementsAre("git", "--format=%H", "log"));
    EXPECT_THAT(plain_command("./x a@b c:d,e+f").value(), ElementsAre("./x", "a@b", "c:d,e+f"));
}

TEST(PlainCommand, UnderstandsQuotesWithoutExpansion) {
    EXPECT_THAT(plain_command("python3 -c 'print(\"$x\\n\")'").value(),
                ElementsAre("python3", "-c", "print(\"$x\\n\")"));
    EXPECT_THAT(plain_command("node -e \"console.log('a b')\"").value(),
                ElementsAre("node", "-e", "console.log('a b')"));
    EXPECT_THAT(plain_command("x '' a'b'\"c\"d").value(), ElementsAre("x", "", "abcd"));
    EXPECT_THAT(plain_command("x 'two\nlines'").value(), ElementsAre("x", "two\nlines"));
}

TEST(PlainCommand, LeavesEverythingElseToTheShell) {
    for (const std::string_view command :
         {"",          " ",          "echo x",      "true",      "cd /tmp",   "exit 3",
          "a=b",       "a=b cmd",    "ls *",        "ls ?",      "ls [a]",    "ls ~",
          "ls a~",     "ls $HOME",   "ls `x`",      "a;b",       "a&",        "a&&b",
          "a|b",       "a>b",        "a<b",         "(a)",       "{ a; }",    "{",
          "!",         "! ls",       "if",          "time ls",   "[[",        "ls # comment",
          "ls \\a",    "ls {a,b}",   "ls\nls",      "ls\r",      "ls 'open",  "ls \"open",
          "ls \"$x\"", "ls \"`x`\"", "ls \"a\\b\"", "ls \"a!\"", "'ls'",      "l's'",
          "\"ls\"",    "''",         "%1",          "ls \x01",   "ls \u00e4", "kill -9 1",
          "wait",      "source x",   ". x",         "unset x"})
        EXPECT_FALSE(plain_command(command)) << command;
    EXPECT_FALSE(plain_command(std::string_view("ls a\0b", 6)));
    EXPECT_FALSE(plain_command(std::string_view("ls 'a\0b'", 8)));
}

TEST(PlainCommand, SomeVariablesNeedBash) {
    Environment environment = Environment::base();
    EXPECT_TRUE(lets_bash_be_skipped(environment));
    ASSERT_TRUE(environment.set("ENVIRONMENT", "1"));
    EXPECT_TRUE(lets_bash_be_skipped(environment));
    for (const char* name :
         {"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "PWD", "OLDPWD", "SHLVL", "_"}) {
        Environment other = Environment::base();
        ASSERT_TRUE(other.set(name, "x"));
        EXPECT_FALSE(lets_bash_be_skipped(other)) << name;
    }
}

TEST(PlainCommand, LooksWhereBashLooks) {
    EXPECT_THAT(candidates_for("/bin/true", ""), ElementsAre("/bin/true"));
    EXPECT_THAT(candidates_for("./x", "/bin"), ElementsAre("./x"));
    EXPECT_THAT(candidates_for("ls", "/usr/bin:/bin/"), ElementsAre("/usr/bin/ls", "/bin/ls"));
    EXPECT_THAT(candidates_for("ls", ""), IsEmpty());
    EXPECT_THAT(candidates_for("ls", "/bin:"), IsEmpty()) << "an empty folder is the current one";
    EXPECT_THAT(candidates_for("ls", "bin:/bin"), IsEmpty());
}

}  // namespace
}  // namespace hutch::guest_agent
