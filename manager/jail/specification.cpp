#include "manager/jail/specification.hpp"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

namespace hutch::jail {

namespace {

using nlohmann::json;

template <class Enum, std::size_t Count>
using Names = std::array<std::pair<Enum, const char*>, Count>;

constexpr Names<MountKind, 4> mount_kinds{{{MountKind::read_only, "read_only"},
                                           {MountKind::read_write, "read_write"},
                                           {MountKind::device, "device"},
                                           {MountKind::tmpfs, "tmpfs"}}};
constexpr Names<Policy, 2> policies{{{Policy::uml, "uml"}, {Policy::vsock_device, "vsock_device"}}};
constexpr Names<AddressSpaceLayout, 2> layouts{
    {{AddressSpaceLayout::randomised, "randomised"}, {AddressSpaceLayout::fixed, "fixed"}}};

template <class Enum, std::size_t Count>
const char* name_of(const Names<Enum, Count>& names, Enum value) {
    for (const auto& [each, name] : names)
        if (each == value) return name;
    return "";
}

/// Throws json::exception, like the accessors around it, for an unknown name.
template <class Enum, std::size_t Count>
Enum value_of(const Names<Enum, Count>& names, const json& name) {
    for (const auto& [value, each] : names)
        if (name.get_ref<const std::string&>() == each) return value;
    throw json::other_error::create(501, "unknown name " + name.dump(), &name);
}

template <class Number>
json optional_number(const std::optional<Number>& value) {
    return value ? json(*value) : json(nullptr);
}

template <class Number>
std::optional<Number> optional_number(const json& value) {
    if (value.is_null()) return std::nullopt;
    return value.get<Number>();
}

}  // namespace

std::string to_json(const Specification& specification) {
    json mounts = json::array();
    for (const Mount& mount : specification.mounts)
        mounts.push_back({{"kind", name_of(mount_kinds, mount.kind)},
                          {"source", mount.source},
                          {"target", mount.target},
                          {"sizeBytes", mount.size_bytes}});
    return json{{"program", specification.program},
                {"arguments", specification.arguments},
                {"environment", specification.environment},
                {"mounts", mounts},
                {"policy", name_of(policies, specification.policy)},
                {"layout", name_of(layouts, specification.layout)},
                {"hostUid", optional_number(specification.host_uid)},
                {"cpu", optional_number(specification.cpu)},
                {"maxFileBytes", specification.max_file_bytes},
                {"maxOpenFiles", specification.max_open_files}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Specification> parse_specification(std::string_view text) {
    try {
        const json value = json::parse(text);
        Specification specification;
        value.at("program").get_to(specification.program);
        value.at("arguments").get_to(specification.arguments);
        value.at("environment").get_to(specification.environment);
        for (const json& mount : value.at("mounts"))
            specification.mounts.push_back(
                {value_of(mount_kinds, mount.at("kind")), mount.at("source").get<std::string>(),
                 mount.at("target").get<std::string>(), mount.at("sizeBytes").get<std::uint64_t>()});
        specification.policy = value_of(policies, value.at("policy"));
        specification.layout = value_of(layouts, value.at("layout"));
        specification.host_uid = optional_number<std::uint32_t>(value.at("hostUid"));
        specification.cpu = optional_number<int>(value.at("cpu"));
        value.at("maxFileBytes").get_to(specification.max_file_bytes);
        value.at("maxOpenFiles").get_to(specification.max_open_files);
        return specification;
    } catch (const json::exception& error) {
        return fail(ErrorKind::invalid_argument, "bad_specification",
                    std::string("jail specification: ") + error.what());
    }
}

}  // namespace hutch::jail
