#include "guest-agent/ready.hpp"

#include <algorithm>

#include "common/guest_contract.hpp"
#include "common/sys/file.hpp"
#include "guest-agent/utf8.hpp"
#include "guest-agent/vsock.hpp"

namespace hutch::guest_agent {

namespace {

std::string number_or_zero(const std::string& text) {
    const bool digits = !text.empty() && text.size() < 16 &&
                        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return digits ? text : "0";
}

}  // namespace

std::string ready_line(std::string_view boot_id, const Timeline& timeline) {
    std::string line =
        "{\"type\":\"ready\",\"version\":" + std::to_string(guest_contract::version) + ",\"bootId\":";
    append_json_string(line, boot_id);
    return line + ",\"timeline\":{\"init\":" + number_or_zero(timeline.init) +
           ",\"root\":" + number_or_zero(timeline.root) + ",\"agent\":" + number_or_zero(timeline.agent) +
           "}}\n";
}

Result<void> report_ready(std::string_view boot_id, const Timeline& timeline) {
    HUTCH_TRY(const sys::UniqueFd socket, connect_to_host(guest_contract::ready_port));
    return sys::write_all(socket, ready_line(boot_id, timeline));
}

}  // namespace hutch::guest_agent
