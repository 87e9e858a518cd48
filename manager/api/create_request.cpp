#include "manager/api/create_request.hpp"

#include "manager/api/allow_entry.hpp"
#include "manager/api/errors.hpp"
#include "manager/api/fields.hpp"
#include "manager/api/json_body.hpp"

namespace hutch::api {

namespace {

using nlohmann::json;

constexpr std::int64_t contract_max_vcpus = 8;
constexpr std::size_t max_allow_entries = 1024;
constexpr std::size_t max_labels = 64;
/// A formatted overlay disk below this has hardly room for anything, in MiB.
constexpr std::int64_t min_disk_mib = 64;
constexpr TextRule name_rule{128, TextRule::Characters::one_line};
constexpr TextRule label_name_rule{63, TextRule::Characters::one_line};
constexpr TextRule label_value_rule{256, TextRule::Characters::one_line};
constexpr TextRule allow_rule{320, TextRule::Characters::one_line};

Result<int> parse_vcpus(const json& body, int driver_maximum) {
    HUTCH_TRY(const std::int64_t vcpus, require_integer(body, "cpu", {1, contract_max_vcpus}));
    if (vcpus > driver_maximum) {
        return invalid_field("cpu", "must be at most " + std::to_string(driver_maximum) +
                                        ": this host's driver gives a VM no more vCPUs");
    }
    return static_cast<int>(vcpus);
}

Result<std::vector<std::string>> parse_allow_ips(const json& body) {
    HUTCH_TRY(auto entries, require_text_list(body, "allowIps", max_allow_entries, allow_rule));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (is_allow_entry(entries[i])) continue;
        return invalid_field("allowIps[" + std::to_string(i) + "]",
                             "must be an IPv4 address, a network such as 10.0.0.0/8, a domain or *.domain, "
                             "each optionally with :port");
    }
    return entries;
}

Result<std::optional<store::ImageId>> parse_image_id(const json& body) {
    HUTCH_TRY(const auto text, optional_text(body, "imageId"));
    if (!text) return std::optional<store::ImageId>();
    const auto id = store::ImageId::parse(*text);
    if (!id) return invalid_field("imageId", "is not an image's id");
    return std::optional(*id);
}

Result<void> refuse_other_profiles(const json& body) {
    HUTCH_TRY(const auto profile, optional_text(body, "profile"));
    if (!profile || *profile == "strict") return {};
    if (*profile == "open") return not_available("profile \"open\"");
    return invalid_field("profile", "must be \"strict\" or \"open\"");
}

}  // namespace

Result<vm::CreateRequest> parse_create_request(const std::string& text, const CreateLimits& limits) {
    HUTCH_TRY(const json body, parse_json_body(text));
    vm::CreateRequest request;
    HUTCH_TRY(request.cpu, parse_vcpus(body, limits.max_vcpus));
    HUTCH_TRY(const std::int64_t memory,
              require_integer(body, "memMb", {limits.min_memory_mib, limits.max_memory_mib}));
    request.memory_mib = static_cast<int>(memory);
    HUTCH_TRY(request.allow_ips, parse_allow_ips(body));
    HUTCH_TRY(request.outbound_internet, optional_boolean(body, "outboundInternet", false));
    HUTCH_TRY(request.image_id, parse_image_id(body));
    HUTCH_TRY(const auto disk, optional_integer(body, "diskSizeMb", {min_disk_mib, limits.max_disk_mib}));
    request.disk_mib = disk.value_or(0);
    HUTCH_TRY(const auto name, optional_text(body, "name", name_rule));
    request.name = name.value_or("");
    HUTCH_TRY(request.labels,
              optional_text_map(body, "labels", max_labels, label_name_rule, label_value_rule));
    HUTCH_CHECK(refuse_other_profiles(body));
    HUTCH_CHECK(refuse_unavailable(body, {"userOverlaySnapshotId", "snapshotId", "secretEnv", "peerLinks",
                                          "ttlSeconds", "idleTimeoutSeconds"}));
    return request;
}

}  // namespace hutch::api
