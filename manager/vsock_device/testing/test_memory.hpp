#pragma once

// A memory file that plays the guest's memory, with a mapping of its own for the guest's side.

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "manager/vsock_device/guest_memory.hpp"

namespace hutch::vsock::fakes {

class TestMemory {
public:
    /// Guest and front-end see it at different addresses, so that mixing them up shows.
    static constexpr std::uint64_t guest_base = 0x10000000;
    static constexpr std::uint64_t user_base = 0x70000000;

    explicit TestMemory(std::size_t size) : size_(size), file_(::memfd_create("test-memory", MFD_CLOEXEC)) {
        if (!file_ || ::ftruncate(file_.get(), static_cast<off_t>(size)) != 0)
            throw std::runtime_error("memory file");
        void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
        if (start == MAP_FAILED) throw std::runtime_error("map memory file");
        start_ = static_cast<std::byte*>(start);
    }
    ~TestMemory() { ::munmap(start_, size_); }
    TestMemory(const TestMemory&) = delete;
    TestMemory& operator=(const TestMemory&) = delete;

    [[nodiscard]] std::byte* start() const { return start_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const sys::UniqueFd& file() const { return file_; }
    [[nodiscard]] MemoryRegion region() const { return {guest_base, size_, user_base, 0}; }

    /// The device's view of it.
    [[nodiscard]] GuestMemory map() const {
        const MemoryRegion whole = region();
        std::vector<sys::UniqueFd> files;
        files.emplace_back(::dup(file_.get()));
        auto memory = GuestMemory::create(std::span(&whole, 1), files);
        if (!memory) throw std::runtime_error(memory.error().message);
        return std::move(*memory);
    }

private:
    std::size_t size_;
    sys::UniqueFd file_;
    std::byte* start_;
};

}  // namespace hutch::vsock::fakes
