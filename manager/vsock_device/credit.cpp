#include "manager/vsock_device/credit.hpp"

#include <algorithm>

namespace hutch::vsock {

void SendCredit::update(std::uint32_t buffer_allocation, std::uint32_t forwarded_count) {
    buffer_allocation_ = buffer_allocation;
    forwarded_count_ = forwarded_count;
}

std::uint32_t SendCredit::available() const {
    const std::uint32_t in_flight = sent_ - forwarded_count_;
    return buffer_allocation_ > in_flight ? buffer_allocation_ - in_flight : 0;
}

bool ReceiveWindow::accept(std::uint32_t bytes) {
    const std::uint32_t held = received_ - forwarded_;
    if (bytes > size_ - held) return false;
    received_ += bytes;
    return true;
}

void ReceiveWindow::forward(std::uint32_t bytes) {
    forwarded_ += bytes;
}

void ReceiveWindow::taken_at_once(std::uint32_t bytes) {
    clean_ = std::min(clean_ + bytes, initial_size);  // neither operand exceeds full_size
    if (clean_ >= initial_size) size_ = full_size;
}

bool ReceiveWindow::update_due() const {
    const std::uint32_t known = advertised_size_ - (received_ - advertised_forwarded_);
    return known <= size_ / 2 && room() - known >= size_ / 4;
}

ReceiveWindow::Advertisement ReceiveWindow::advertise() {
    advertised_size_ = size_;
    advertised_forwarded_ = forwarded_;
    return {size_, forwarded_};
}

}  // namespace hutch::vsock
