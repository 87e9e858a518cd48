#pragma once

#include <array>

#include <httplib.h>

#include "common/sys/unique_fd.hpp"

namespace hutch::guest_agent {

/// cpp-httplib's view of one connection: buffered reads that outlive a request, so that a whole small request
/// costs one system call, and no polling around them. One thread.
class ConnectionStream final : public httplib::Stream {
public:
    /// Longest wait for the next bytes inside a request, and for the peer to take the answer, in seconds.
    static constexpr int patience = 30;

    explicit ConnectionStream(sys::UniqueFd socket);

    /// Waits without limit for the next request. False when the peer closed.
    [[nodiscard]] bool wait_for_request();

    [[nodiscard]] bool is_readable() const override { return begin_ < end_; }
    [[nodiscard]] bool wait_readable() const override { return true; }  // read() itself waits, with a limit
    [[nodiscard]] bool wait_writable() const override { return true; }
    ssize_t read(char* bytes, size_t size) override;
    ssize_t write(const char* bytes, size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] socket_t socket() const override { return socket_.get(); }
    [[nodiscard]] time_t duration() const override { return 0; }

private:
    [[nodiscard]] bool fill();

    sys::UniqueFd socket_;
    std::array<char, 4096> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace hutch::guest_agent
