#include "manager/doctor/uml_trial.hpp"

#include <fmt/format.h>

#include "common/sys/file.hpp"
#include "manager/jail/launcher.hpp"
#include "manager/vmm/uml/calibration.hpp"
#include "manager/vmm/uml/cpu_allocator.hpp"

namespace hutch::doctor {

namespace {

using vmm::uml::Calibration;

/// What calibrate() says when the jail stood but the kernel did not boot.
constexpr const char* kernel_failed = "uml_unusable";
/// Of what a failing kernel printed, the start and the end tell.
constexpr std::size_t shown_start = 200;
constexpr std::size_t shown_end = 600;

bool setting_is(const char* path, std::string_view value) {
    const auto text = sys::read_file(path, 64);
    return text && std::string_view(*text).substr(0, text->find('\n')) == value;
}

/// The switches with which hosts forbid what the jail needs.
std::string jail_advice() {
    if (setting_is("/proc/sys/user/max_user_namespaces", "0"))
        return "; this host forbids user namespaces: sysctl user.max_user_namespaces";
    if (setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
        return "; this host forbids user namespaces to ordinary users: sysctl "
               "kernel.unprivileged_userns_clone=1, or run as root";
    if (setting_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
        return "; AppArmor restricts user namespaces here: sysctl "
               "kernel.apparmor_restrict_unprivileged_userns=0, or run as root";
    return {};
}

std::string kernel_advice() {
    // 3: "no attach", kernel documentation, admin-guide/LSM/Yama
    if (setting_is("/proc/sys/kernel/yama/ptrace_scope", "3"))
        return "; this host forbids ptrace, which user-mode Linux needs: kernel.yama.ptrace_scope is 3";
    return {};
}

std::string shortened(const std::string& text) {
    if (text.size() <= shown_start + shown_end) return text;
    return text.substr(0, shown_start) + " […] " + text.substr(text.size() - shown_end);
}

Result<Calibration> run_kernel(const config::Config& config, const images::GuestManifest& manifest,
                               const std::filesystem::path& scratch) {
    const std::filesystem::path kernel = scratch / "kernel";
    HUTCH_CHECK(sys::copy_sparse(manifest.kernel.path, kernel, 0500));
    HUTCH_TRY(const auto cpus, vmm::uml::CpuAllocator::create());
    return vmm::uml::calibrate(jail::Launcher(config.libexec_dir / "hutch-jail"), kernel,
                               manifest.kernel.sha256, scratch / "calibration.json", cpus->lease().cpu());
}

}  // namespace

UmlTrial try_uml(const config::Config& config, const images::GuestManifest& manifest,
                 const std::filesystem::path& scratch) {
    const auto ran = run_kernel(config, manifest, scratch);
    if (!ran && ran.error().code != kernel_failed) {
        const std::string message = shortened(ran.error().message);
        return {{"jail", Status::failure, message + jail_advice()}, {false, "not run: no jail", message}};
    }
    const Check jail{"jail", Status::ok,
                     "built: user, mount, PID, network, IPC, UTS and cgroup namespaces, a root of its own, "
                     "no capabilities, seccomp"};
    if (!ran) {
        const std::string message = shortened(ran.error().message) + kernel_advice();
        return {jail, {false, message, message}};
    }
    return {jail,
            {true,
             fmt::format("the kernel booted in its jail and measured its delay loop: lpj={}",
                         ran->loops_per_jiffy),
             ""}};
}

UmlTrial uml_not_tried(const std::string& reason) {
    const std::string text = "not tried: " + reason;
    return {{"jail", Status::failure, text}, {false, text, text}};
}

}  // namespace hutch::doctor
