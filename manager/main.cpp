// hutchd: reads the configuration and wires the modules together. Nothing else is decided here.

#include <cerrno>
#include <cstdio>
#include <thread>
#include <variant>

#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "manager/api/server.hpp"
#include "manager/auth/auth.hpp"
#include "manager/auth/bootstrap_key.hpp"
#include "manager/config/command_line.hpp"
#include "manager/config/config.hpp"
#include "manager/doctor/doctor.hpp"
#include "manager/images/images.hpp"
#include "manager/jail/launcher.hpp"
#include "manager/store/store.hpp"
#include "manager/vm/vm_manager.hpp"
#include "manager/vmm/driver_choice.hpp"
#include "manager/vmm/kvm_probe.hpp"
#include "manager/vmm/uml/uml_driver.hpp"

namespace hutch {
namespace {

/// SIGINT and SIGTERM, blocked in every thread, so that waiting for them is the only way they arrive.
sigset_t block_end_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    return signals;
}

void set_up_log(const config::Config& config) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("hutchd"));
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    spdlog::set_level(spdlog::level::from_str(config.log_level));
}

Result<auth::AuthOptions> auth_options(const config::Config& config) {
    HUTCH_TRY(const auth::BootstrapKey key, auth::bootstrap_key(config.api_key, config.data_dir / "api-key"));
    if (key.origin == auth::BootstrapKey::Origin::generated)
        std::fprintf(stderr, "API key, shown this once and kept in %s: %s\n",
                     (config.data_dir / "api-key").c_str(), key.key.c_str());
    if (config.admin_password.empty())
        spdlog::info("login with e-mail and password is off: HUTCH_ADMIN_PASSWORD is not set");
    auth::AuthOptions options;
    options.api_key = key.key;
    options.admin_email = config.admin_email;
    options.admin_password = config.admin_password;
    options.session_lifetime = std::chrono::hours(config.session_hours);
    options.failed_logins_per_minute = config.rate_limit_login;
    return options;
}

vm::VmManagerOptions vm_options(const config::Config& config, const images::Images& images) {
    vm::VmManagerOptions options;
    options.vms_directory = config.data_dir / "vms";
    options.templates_directory = config.data_dir / "templates";
    options.max_vms = static_cast<std::size_t>(config.max_vms);
    options.default_disk_mib = config.default_disk_mib;
    options.boot_timeout = std::chrono::milliseconds(config.boot_timeout_ms);
    options.stop_timeout = std::chrono::milliseconds(config.stop_timeout_ms);
    options.max_console_bytes = static_cast<std::uint64_t>(config.max_console_bytes);
    options.kernel_digest = images.boot_artifacts().kernel_digest;
    options.initramfs_digest = images.boot_artifacts().initramfs_digest;
    options.blob_path = [&images](const std::string& digest) { return images.blob_path(digest); };
    return options;
}

/// The driver that choose_driver names; making the uml one is its probe, since it runs the kernel.
Result<std::unique_ptr<vmm::VmmDriver>> make_driver(const config::Config& config,
                                                    const images::Images& images) {
    const std::string& kernel = images.boot_artifacts().kernel_digest;
    auto uml = vmm::uml::UmlDriver::create(jail::Launcher(config.libexec_dir / "hutch-jail"),
                                           {config.libexec_dir / "hutch-vsock", images.blob_path(kernel),
                                            kernel, config.data_dir / "uml-calibration.json"});
    const vmm::Probe uml_probe{uml.has_value(), uml ? "the kernel runs" : uml.error().message};
    HUTCH_TRY(const vmm::DriverChoice choice,
              vmm::choose_driver(config.driver, {vmm::probe_kvm(), uml_probe}));
    spdlog::info("driver {}: {}", choice.name, choice.reason);
    return uml;
}

Result<void> run(const config::Config& config, const sigset_t& end_signals) {
    HUTCH_CHECK(sys::make_directories(config.data_dir));
    HUTCH_TRY(const auto store, store::Store::open(config.data_dir / "hutch.db"));
    HUTCH_TRY(const auto images, images::Images::open(*store, config.data_dir / "images"));
    HUTCH_CHECK(images->install(config.guest_dir));
    HUTCH_TRY(const auto driver, make_driver(config, *images));
    HUTCH_TRY(const auto vms, vm::VmManager::create(*store, *driver, vm_options(config, *images)));
    HUTCH_CHECK(vms->recover());
    HUTCH_TRY(auto options, auth_options(config));
    auth::Auth auth(std::move(options));
    HUTCH_TRY(const auto server,
              api::Server::create({*vms, *images, auth, config, driver->capabilities().max_vcpus}));
    HUTCH_CHECK(server->listen(config.listen_host, config.listen_port));
    spdlog::info("hutchd listening on http://{}:{} (driver {}, data in {})", config.listen_host,
                 server->port(), driver->name(), config.data_dir.string());

    std::jthread serving([&] { server->serve(); });
    int signal = 0;
    while (::sigwait(&end_signals, &signal) != 0) continue;
    spdlog::info("signal {}: no new calls, stopping the running VMs", signal);
    server->stop();
    vms->stop_all();
    serving.join();
    return {};
}

}  // namespace
}  // namespace hutch

int main(int argc, char** argv) {
    using namespace hutch;
    const sigset_t end_signals = block_end_signals();
    const config::CommandLine command = config::parse_command_line(argc, argv);
    if (const auto* print = std::get_if<config::PrintCommand>(&command)) {
        std::fputs(print->text.c_str(), print->exit_status == 0 ? stdout : stderr);
        return print->exit_status;
    }
    const auto* doctor_command = std::get_if<config::DoctorCommand>(&command);
    const auto sources = config::process_sources(doctor_command != nullptr
                                                     ? doctor_command->config_file
                                                     : std::get<config::RunCommand>(command).config_file);
    const auto config = sources ? config::load(*sources) : tl::unexpected(sources.error());
    if (!config) {
        std::fprintf(stderr, "hutchd: %s\n", config.error().message.c_str());
        return 2;
    }
    if (doctor_command != nullptr) return doctor::run(*config, doctor_command->format);
    set_up_log(*config);
    if (const auto ended = run(*config, end_signals); !ended) {
        std::fprintf(stderr, "hutchd: %s\n", ended.error().message.c_str());
        return 1;
    }
    return 0;
}
