#include "manager/api/allow_entry.hpp"

#include <gtest/gtest.h>

namespace hutch::api {
namespace {

TEST(AllowEntry, Accepts) {
    for (const char* text :
         {"10.0.0.1", "0.0.0.0/0", "10.0.0.0/8", "192.168.1.128/25", "1.2.3.4/32", "1.2.3.4:443",
          "10.0.0.0/8:80", "example.org", "*.example.org", "example.org:8443", "localhost", "a-b.c_d.example",
          "xn--bcher-kva.example", "Example.ORG"}) {
        EXPECT_TRUE(is_allow_entry(text)) << text;
    }
}

TEST(AllowEntry, Refuses) {
    for (const std::string& text : {std::string(""),
                                    std::string("10.0.0"),
                                    std::string("10.0.0.256"),
                                    std::string("010.0.0.1"),
                                    std::string("2130706433"),
                                    std::string("0x7f.1"),
                                    std::string("10.0.0.1/33"),
                                    std::string("10.0.0.1/8"),
                                    std::string("10.0.0.0/"),
                                    std::string("10.0.0.0/08"),
                                    std::string("10.0.0.0/-1"),
                                    std::string("1.2.3.4:"),
                                    std::string("1.2.3.4:0"),
                                    std::string("1.2.3.4:65536"),
                                    std::string("1.2.3.4:http"),
                                    std::string(":443"),
                                    std::string("::1"),
                                    std::string("[::1]:80"),
                                    std::string("http://example.org"),
                                    std::string("example.org/path"),
                                    std::string("*"),
                                    std::string("*."),
                                    std::string("*.*.org"),
                                    std::string("a.*.org"),
                                    std::string("*example.org"),
                                    std::string("example..org"),
                                    std::string(".example.org"),
                                    std::string("example.org."),
                                    std::string("-a.org"),
                                    std::string("a-.org"),
                                    std::string("exa mple.org"),
                                    std::string("b\xc3\xbc"
                                                "cher.example"),
                                    std::string("a\0.org", 6),
                                    std::string(64, 'a') + ".org",
                                    std::string(300, 'a')}) {
        EXPECT_FALSE(is_allow_entry(text)) << text;
    }
}

}  // namespace
}  // namespace hutch::api
