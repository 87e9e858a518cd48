#include "manager/vsock_device/send_buffer.hpp"

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

namespace hutch::vsock {

bool BufferBudget::take(std::size_t bytes) {
    if (bytes > limit_ - used_) return false;
    used_ += bytes;
    return true;
}

void SendBuffer::put(const std::byte* bytes, std::size_t count) {
    const std::size_t end = (start_ + size_) % capacity;
    const std::size_t before_wrap = std::min(count, capacity - end);
    std::memcpy(memory_ + end, bytes, before_wrap);
    std::memcpy(memory_, bytes + before_wrap, count - before_wrap);
    size_ += count;
}

bool SendBuffer::append(std::span<const iovec> parts, std::size_t skip) {
    std::size_t total = 0;
    for (const iovec& part : parts) total += part.iov_len;
    const std::size_t wanted = total - std::min(skip, total);
    if (wanted == 0) return true;
    if (wanted > capacity - size_ || !budget_.take(wanted)) return false;
    if (memory_ == nullptr) {
        void* memory = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            budget_.give_back(wanted);
            return false;
        }
        memory_ = static_cast<std::byte*>(memory);
    }
    for (const iovec& part : parts) {
        const std::size_t skipped = std::min(skip, part.iov_len);
        skip -= skipped;
        put(static_cast<const std::byte*>(part.iov_base) + skipped, part.iov_len - skipped);
    }
    return true;
}

std::array<iovec, 2> SendBuffer::contents() const {
    if (size_ == 0) return {};
    const std::size_t before_wrap = std::min(size_, capacity - start_);
    return {iovec{memory_ + start_, before_wrap}, iovec{memory_, size_ - before_wrap}};
}

void SendBuffer::consume(std::size_t bytes) {
    start_ = (start_ + bytes) % capacity;
    size_ -= bytes;
    budget_.give_back(bytes);
    if (size_ == 0) clear();
}

void SendBuffer::clear() {
    budget_.give_back(size_);
    if (memory_ != nullptr) ::munmap(memory_, capacity);
    memory_ = nullptr;
    start_ = 0;
    size_ = 0;
}

}  // namespace hutch::vsock
