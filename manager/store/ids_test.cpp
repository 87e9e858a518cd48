#include "manager/store/ids.hpp"

#include <set>

#include <gtest/gtest.h>

namespace hutch::store {
namespace {

TEST(Id, GeneratedIdsParseAndDiffer) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const VmId id = VmId::generate();
        ASSERT_EQ(VmId::parse(id.text()), id);
        ASSERT_TRUE(seen.insert(id.text()).second);
    }
}

TEST(Id, EveryCharacterOfTheAlphabetIsUsed) {
    std::set<char> seen;
    for (int i = 0; i < 200; ++i) {
        const std::string text = VmId::generate().text().substr(3);
        seen.insert(text.begin(), text.end());
    }
    EXPECT_EQ(seen.size(), 36U);
}

TEST(Id, RefusesEveryOtherShape) {
    using std::string_literals::operator""s;
    EXPECT_TRUE(VmId::parse("vm-abcdefghij0123456789"));
    for (const std::string& text :
         {""s, "vm-"s, "undefined"s, "null"s, "vm-abcdefghij012345678"s, "vm-abcdefghij01234567890"s,
          "vm-ABCDEFGHIJ0123456789"s, "img-abcdefghij0123456789"s, "vm-abcdefghij01234567/."s,
          "../abcdefghij0123456789"s, "vm-abcdefghij012345678\0"s, "vm-abcdefghij01234567\xc3\xa4"s,
          "vm_abcdefghij0123456789"s, "vm-abcdefghij012345678\n"s}) {
        EXPECT_FALSE(VmId::parse(text)) << text;
    }
    EXPECT_FALSE(ImageId::parse("vm-abcdefghij0123456789"));
}

}  // namespace
}  // namespace hutch::store
