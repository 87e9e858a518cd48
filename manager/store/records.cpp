#include "manager/store/records.hpp"

#include <array>
#include <utility>

namespace hutch::store {

namespace {

constexpr std::array<std::pair<VmState, const char*>, 7> names{{
    {VmState::created, "CREATED"},
    {VmState::starting, "STARTING"},
    {VmState::running, "RUNNING"},
    {VmState::stopping, "STOPPING"},
    {VmState::stopped, "STOPPED"},
    {VmState::deleted, "DELETED"},
    {VmState::error, "ERROR"},
}};

}  // namespace

const char* to_string(VmState state) {
    for (const auto& [value, name] : names) {
        if (value == state) return name;
    }
    return "ERROR";
}

std::optional<VmState> vm_state_from(const std::string& text) {
    for (const auto& [value, name] : names) {
        if (text == name) return value;
    }
    return std::nullopt;
}

}  // namespace hutch::store
