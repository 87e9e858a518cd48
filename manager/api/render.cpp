#include "manager/api/render.hpp"

#include <cmath>

namespace hutch::api {

namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

/// Milliseconds with three places: the microseconds that were measured, not a double's last digits.
double rounded(double milliseconds) {
    return std::round(milliseconds * 1000) / 1000;
}

}  // namespace

ordered_json render(const vm::VmView& view) {
    const store::VmRecord& record = view.record;
    ordered_json timeline = ordered_json::array();
    for (const vm::TimelineStep& step : view.timeline)
        timeline.push_back({{"step", step.step}, {"atMs", rounded(step.at_ms)}});
    ordered_json labels = ordered_json::object();
    for (const auto& [name, value] : record.labels) labels[name] = value;
    return {
        {"id", record.id.text()},
        {"state", store::to_string(record.state)},
        {"error", text_or_null(record.error)},
        {"name", record.name},
        {"labels", std::move(labels)},
        {"cpu", record.cpu},
        {"memMb", record.memory_mib},
        {"diskSizeMb", record.disk_mib},
        {"guestIp", record.guest_ip},
        {"allowIps", record.allow_ips},
        {"outboundInternet", record.outbound_internet},
        {"imageId", record.image_id.text()},
        {"driver", record.driver},
        {"profile", record.profile},
        {"provisionMode", "boot"},
        {"peerLinks", ordered_json::array()},
        {"createdAt", record.created_at},
        {"lastActiveAt", record.last_active_at},
        {"ttlSeconds", nullptr},
        {"idleTimeoutSeconds", nullptr},
        {"expiresAt", nullptr},
        {"bootId", text_or_null(view.boot_id)},
        {"bootTimeline", std::move(timeline)},
    };
}

ordered_json render(const vm::ExecResult& result) {
    return {
        {"exitCode", result.exit_code},
        {"stdout", result.standard_output},
        {"stderr", result.standard_error},
        {"timedOut", result.timed_out},
        {"signal", result.signal ? ordered_json(*result.signal) : ordered_json()},
        {"oomKilled", result.out_of_memory_killed},
        {"pidsLimited", result.pids_limited},
        {"stdoutTruncated", result.standard_output_truncated},
        {"stderrTruncated", result.standard_error_truncated},
        {"durationMs", result.duration_ms},
    };
}

ordered_json render(const store::ImageRecord& image) {
    const bool complete = image.rootfs_complete;
    return {
        {"id", image.id.text()},
        {"name", image.name},
        {"description", image.description},
        {"createdAt", image.created_at},
        {"isDefault", image.is_default},
        {"hasKernel", false},
        {"hasRootfs", complete},
        {"kernelFilename", nullptr},
        {"rootfsFilename", text_or_null(image.rootfs_filename)},
        {"baseRootfsBytes", complete ? ordered_json(image.rootfs_bytes) : ordered_json()},
        {"kernelUploadedAt", nullptr},
        {"rootfsUploadedAt", complete ? text_or_null(image.rootfs_uploaded_at) : ordered_json()},
        {"seedSnapshotId", nullptr},
        {"seedStatus", complete ? "ready" : "pending"},
        {"seedUpdatedAt", nullptr},
        {"seedError", nullptr},
        {"digest", complete ? ordered_json("sha256:" + image.rootfs_digest) : ordered_json()},
        {"format", text_or_null(image.rootfs_format)},
    };
}

ordered_json create_warnings(const vm::VmView& view) {
    ordered_json warnings = ordered_json::array();
    if (!view.record.allow_ips.empty() || view.record.outbound_internet) {
        warnings.push_back(
            "allowIps and outboundInternet are stored, but this version lets nothing out of a guest yet: it "
            "has no network");
    }
    return warnings;
}

}  // namespace hutch::api
