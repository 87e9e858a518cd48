#include "manager/vmm/uml/calibration.hpp"

#include <cerrno>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "manager/vmm/uml/command_line.hpp"
#include "manager/vmm/uml/kernel_jail.hpp"

namespace hutch::vmm::uml {

namespace {

constexpr int memory_mib = 64;
constexpr int run_timeout_ms = 20'000;
constexpr std::size_t max_console = 1 << 16;

std::string cpu_model() {
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);)
        if (line.starts_with("model name")) return line;
    return {};
}

std::optional<std::uint64_t> cached(const std::filesystem::path& file, const std::string& kernel_digest) {
    const auto text = sys::read_file(file, 4096);
    if (!text) return std::nullopt;
    const auto value = nlohmann::json::parse(*text, nullptr, false);
    if (!value.is_object() || value.value("kernelDigest", "") != kernel_digest ||
        value.value("cpuModel", "") != cpu_model())
        return std::nullopt;
    return value.value("loopsPerJiffy", std::uint64_t{0});
}

/// Reads the console until the figure appears or the kernel has nothing more to say.
Result<std::uint64_t> read_figure(const sys::UniqueFd& console) {
    std::string text;
    pollfd entry{console.get(), POLLIN, 0};
    while (text.size() < max_console && ::poll(&entry, 1, run_timeout_ms) > 0) {
        char buffer[4096];
        const ssize_t count = ::read(console.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        text.append(buffer, static_cast<std::size_t>(count));
        if (const auto figure = parse_loops_per_jiffy(text)) return *figure;
    }
    return fail(
        ErrorKind::internal, "uml_unusable",
        "the user-mode kernel did not boot on this host; it printed: " + (text.empty() ? "(nothing)" : text));
}

}  // namespace

Result<Calibration> calibrate(const jail::Launcher& launcher, const std::filesystem::path& kernel,
                              const std::string& kernel_digest, const std::filesystem::path& cache_file,
                              int cpu) {
    if (const auto known = cached(cache_file, kernel_digest); known && *known > 0)
        return Calibration{*known, false};
    HUTCH_TRY(sys::Pipe console, sys::make_pipe());
    const jail::Specification specification = kernel_jail(kernel, calibration_arguments(), memory_mib, cpu);
    HUTCH_TRY(const sys::ChildProcess process,
              launcher.launch(specification, {{console.write_end.get(), 1}, {console.write_end.get(), 2}},
                              [](pid_t) -> Result<void> { return {}; }));
    console.write_end.reset();
    HUTCH_TRY(const std::uint64_t figure, read_figure(console.read_end));
    const nlohmann::json value = {
        {"kernelDigest", kernel_digest}, {"cpuModel", cpu_model()}, {"loopsPerJiffy", figure}};
    HUTCH_CHECK(sys::write_file_durably(cache_file, value.dump() + "\n", 0600));
    return Calibration{figure, true};
}

}  // namespace hutch::vmm::uml
