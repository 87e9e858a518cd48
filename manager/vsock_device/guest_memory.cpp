#include "manager/vsock_device/guest_memory.hpp"

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hutch::vsock {

namespace {

// larger than any address a 64-bit front-end can have
constexpr std::uint64_t address_limit = std::uint64_t{1} << 56;

bool overlap(std::uint64_t first, std::uint64_t first_size, std::uint64_t second, std::uint64_t second_size) {
    return first < second + second_size && second < first + first_size;
}

tl::unexpected<Error> refuse(const std::string& why) {
    return fail(ErrorKind::invalid_argument, "bad_memory_table", "map guest memory: " + why);
}

}  // namespace

GuestMemory::Mapping::Mapping(Mapping&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), length_(std::exchange(other.length_, 0)) {}

GuestMemory::Mapping& GuestMemory::Mapping::operator=(Mapping&& other) noexcept {
    std::swap(start_, other.start_);
    std::swap(length_, other.length_);
    return *this;
}

GuestMemory::Mapping::~Mapping() {
    if (start_ != nullptr) ::munmap(start_, length_);
}

Result<GuestMemory::Region> GuestMemory::map(const MemoryRegion& region, const sys::UniqueFd& file) {
    for (const std::uint64_t number :
         {region.guest_address, region.size, region.user_address, region.file_offset})
        if (number >= address_limit) return refuse("a region lies beyond any address space");
    if (region.size == 0) return refuse("a region is empty");

    struct stat status {};
    if (::fstat(file.get(), &status) != 0)
        return fail_errno("map guest memory: stat of the memory file", errno);
    if (!S_ISREG(status.st_mode)) return refuse("a region is not backed by a memory file");
    if (region.file_offset + region.size > static_cast<std::uint64_t>(status.st_size))
        return refuse("a region reaches past the end of its memory file");

    const std::uint64_t within_page =
        region.file_offset % static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t length = region.size + within_page;
    void* start = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file.get(),
                         static_cast<off_t>(region.file_offset - within_page));
    if (start == MAP_FAILED) return fail_errno("map guest memory: mmap", errno);
    Mapping mapping(start, length);
    std::byte* first = mapping.start() + within_page;
    return Region{region, first, std::move(mapping)};
}

Result<GuestMemory> GuestMemory::create(std::span<const MemoryRegion> regions,
                                        std::span<const sys::UniqueFd> files) {
    if (regions.empty() || regions.size() > max_memory_regions) return refuse("a table needs 1 to 8 regions");
    if (regions.size() != files.size()) return refuse("regions and memory files differ in number");

    GuestMemory memory;
    memory.regions_.reserve(regions.size());
    for (std::size_t i = 0; i < regions.size(); ++i) {
        HUTCH_TRY(Region region, map(regions[i], files[i]));
        for (const Region& other : memory.regions_) {
            if (overlap(region.named.guest_address, region.named.size, other.named.guest_address,
                        other.named.size) ||
                overlap(region.named.user_address, region.named.size, other.named.user_address,
                        other.named.size))
                return refuse("two regions overlap");
        }
        memory.regions_.push_back(std::move(region));
    }
    return memory;
}

std::byte* GuestMemory::at_guest_address(std::uint64_t address, std::uint64_t size) const {
    if (size == 0) return nullptr;
    for (const Region& region : regions_) {
        const std::uint64_t offset =
            address - region.named.guest_address;  // wraps to a huge number when below
        if (address >= region.named.guest_address && offset < region.named.size &&
            size <= region.named.size - offset)
            return region.start + offset;
    }
    return nullptr;
}

std::byte* GuestMemory::at_user_address(std::uint64_t address, std::uint64_t size) const {
    if (size == 0) return nullptr;
    for (const Region& region : regions_) {
        const std::uint64_t offset = address - region.named.user_address;
        if (address >= region.named.user_address && offset < region.named.size &&
            size <= region.named.size - offset)
            return region.start + offset;
    }
    return nullptr;
}

void copy_in(std::span<std::byte> destination, const std::byte* source) {
    std::memcpy(destination.data(), source, destination.size());
    asm volatile("" ::: "memory");
}

}  // namespace hutch::vsock
