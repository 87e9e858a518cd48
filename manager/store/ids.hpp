#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace hutch::store {

/// An id of the API: a prefix and 20 lower-case letters and digits, globally unique. `Tag` supplies the
/// prefix, so an image's id cannot be passed for a VM's. The characters make it safe as a file name.
template <class Tag>
class Id {
public:
    Id() = default;
    /// A new random id (getrandom). Ends the process if the system has no randomness: nothing would be safe
    /// then.
    [[nodiscard]] static Id generate();
    /// Empty unless `text` has exactly the right shape.
    [[nodiscard]] static std::optional<Id> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    auto operator<=>(const Id&) const = default;

private:
    std::string text_;
};

struct VmTag {
    static constexpr std::string_view prefix = "vm-";
};
struct ImageTag {
    static constexpr std::string_view prefix = "img-";
};
using VmId = Id<VmTag>;
using ImageId = Id<ImageTag>;

}  // namespace hutch::store
