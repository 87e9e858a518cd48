#include "guest-agent/ready.hpp"

#include <gtest/gtest.h>

namespace hutch::guest_agent {
namespace {

TEST(Ready, Line) {
    EXPECT_EQ(ready_line("0f-1", {.init = "20", .root = "27", .agent = "31"}),
              "{\"type\":\"ready\",\"version\":1,\"bootId\":\"0f-1\",\"timeline\":{\"init\":20,\"root\":27,"
              "\"agent\":31}}\n");
    EXPECT_EQ(ready_line("\"", {.init = "x", .root = "", .agent = "1"}),
              "{\"type\":\"ready\",\"version\":1,\"bootId\":\"\\\"\",\"timeline\":{\"init\":0,\"root\":0,"
              "\"agent\":1}}\n");
}

}  // namespace
}  // namespace hutch::guest_agent
