#pragma once

// Guest memory as the front-end shares it: a table of regions, each a part of a memory file mapped here, and
// the only way from a guest's number to a pointer. Nothing is trusted: sizes, offsets and addresses are
// checked against overflow and against the file, and every lookup yields memory that lies inside one region
// entirely.
//
// The guest changes the memory while it is read here. Whoever needs a value that is checked first must copy
// it once (copy_in) and look only at the copy.
//
// A front-end that truncates its memory file later makes an access fault (SIGBUS): the process dies, which
// ends this one VM. That is accepted: a front-end can end its own VM at any time.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/result.hpp"
#include "common/sys/unique_fd.hpp"

namespace hutch::vsock {

/// The most regions a front-end may name (the baseline of the vhost-user protocol).
inline constexpr std::size_t max_memory_regions = 8;

/// One region as named by the front-end, all in bytes.
struct MemoryRegion {
    std::uint64_t guest_address = 0;  ///< where the guest sees it: what descriptors hold
    std::uint64_t size = 0;
    std::uint64_t user_address = 0;  ///< where the front-end sees it: what ring addresses hold
    std::uint64_t file_offset = 0;
};

/// Owner of the mappings. One thread.
class GuestMemory {
public:
    GuestMemory() = default;
    /// Maps `regions[i]` from `files[i]`, read and write, shared. Fails for an empty, wrapping or overlapping
    /// region, one that reaches past the end of its file, more than max_memory_regions, or a failing mmap.
    [[nodiscard]] static Result<GuestMemory> create(std::span<const MemoryRegion> regions,
                                                    std::span<const sys::UniqueFd> files);

    /// The bytes [address, address + size) by guest address; empty when they are not inside one region.
    /// `size` 0 is empty.
    [[nodiscard]] std::byte* at_guest_address(std::uint64_t address, std::uint64_t size) const;
    /// The same by front-end address.
    [[nodiscard]] std::byte* at_user_address(std::uint64_t address, std::uint64_t size) const;

private:
    class Mapping {
    public:
        Mapping(void* start, std::size_t length) : start_(start), length_(length) {}
        Mapping(Mapping&& other) noexcept;
        Mapping& operator=(Mapping&& other) noexcept;
        ~Mapping();
        [[nodiscard]] std::byte* start() const { return static_cast<std::byte*>(start_); }

    private:
        void* start_;
        std::size_t length_;
    };
    struct Region {
        MemoryRegion named;
        std::byte* start;  ///< of the region in this process
        Mapping mapping;
    };
    [[nodiscard]] static Result<Region> map(const MemoryRegion& region, const sys::UniqueFd& file);

    std::vector<Region> regions_;
};

/// Copies out of guest memory such that the compiler cannot read the source again later.
void copy_in(std::span<std::byte> destination, const std::byte* source);

}  // namespace hutch::vsock
