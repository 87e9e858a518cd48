#include "manager/doctor/doctor.hpp"

#include <cstdio>

#include "manager/doctor/file_checks.hpp"
#include "manager/doctor/host_checks.hpp"
#include "manager/doctor/scratch_folder.hpp"
#include "manager/doctor/storage_checks.hpp"
#include "manager/doctor/uml_trial.hpp"
#include "manager/vmm/kvm_probe.hpp"

namespace hutch::doctor {

namespace {

using Manifest = Result<images::GuestManifest>;

void check_storage(const config::Config& config, const Manifest& manifest,
                   const Result<ScratchFolder>& scratch, std::vector<Check>& checks) {
    if (!scratch) {
        checks.push_back({"data folder", Status::failure,
                          scratch.error().message + "; HUTCH_DATA_DIR (" + config.data_dir.string() +
                              ") must be writable"});
        return;
    }
    const std::int64_t image_bytes =
        manifest ? manifest->kernel.bytes + manifest->initramfs.bytes + manifest->rootfs.bytes : 0;
    checks.push_back(check_data_folder(config, scratch->path()));
    checks.push_back(check_overlay_disks(config, scratch->path()));
    checks.push_back(check_free_disk(scratch->path(), image_bytes));
}

UmlTrial trial(const config::Config& config, const Manifest& manifest, const Result<ScratchFolder>& scratch) {
    if (!manifest) return uml_not_tried("there is no guest kernel");
    if (!scratch) return uml_not_tried("the data folder is not writable");
    return try_uml(config, *manifest, scratch->path());
}

Check from_probe(const char* name, const vmm::Probe& probe, Status when_unusable) {
    return {name, probe.usable ? Status::ok : when_unusable,
            (probe.usable ? "usable: " : "not usable: ") + probe.report};
}

}  // namespace

Report examine(const config::Config& config) {
    std::vector<Check> checks = {
        check_running_kernel(),           check_cpus(),    check_running_memory(config), check_running_user(),
        check_running_open_files(config), check_seccomp(), check_cgroup_limits()};

    const Manifest manifest = images::read_guest_manifest(config.guest_dir);
    checks.push_back(check_programs(config));
    checks.push_back(check_guest_files(config, manifest));
    checks.push_back(check_webui(config));
    const Result<ScratchFolder> scratch = ScratchFolder::create(nearest_existing(config.data_dir));
    check_storage(config, manifest, scratch, checks);
    checks.push_back(check_listen_address(config));

    const UmlTrial uml = trial(config, manifest, scratch);
    const vmm::DriverProbes probes{vmm::probe_kvm(), uml.probe};
    checks.push_back(uml.jail);
    // no driver of this version needs KVM
    checks.push_back(from_probe("KVM", probes.kvm, Status::warning));
    checks.push_back(from_probe("user-mode Linux", probes.uml, Status::failure));
    return {std::move(checks), config.driver, vmm::choose_driver(config.driver, probes)};
}

int run(const config::Config& config, config::OutputFormat format) {
    const Report report = examine(config);
    const std::string text = format == config::OutputFormat::json ? to_json(report) : to_text(report);
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        std::fprintf(stderr, "hutchd: the report could not be written\n");
        return 1;
    }
    return healthy(report) ? 0 : 1;
}

}  // namespace hutch::doctor
