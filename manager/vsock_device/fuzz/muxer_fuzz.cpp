// The muxer: the input is a sequence of what a guest sends, what host programs do and how time goes by.
// Packets travel through real rings and real sockets. The guest's rules of credit are checked on what comes
// back.

#include <array>
#include <cstdlib>
#include <deque>
#include <map>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/sys/file.hpp"
#include "common/sys/unix_socket.hpp"
#include "common/testing/temporary_directory.hpp"
#include "manager/vsock_device/fuzz/input.hpp"
#include "manager/vsock_device/muxer.hpp"
#include "manager/vsock_device/testing/guest_driver.hpp"

namespace {

using namespace hutch;
using namespace hutch::vsock;
using fakes::GuestDriver;

constexpr std::size_t max_connections = 8;
constexpr std::size_t max_buffered = 300 * 1024;

class World {
public:
    World() {
        Limits limits;
        limits.max_connections = max_connections;
        limits.max_buffered = max_buffered;
        directory_fd_ = std::move(*sys::open_directory(directory()));
        auto muxer = Muxer::create(
            {.guest_cid = 3, .host_socket_directory = directory(), .limits = limits, .listener_token = 1},
            listen("vsock.sock"), poller_, now_);
        if (!muxer) std::abort();
        muxer_ = std::move(*muxer);
        host_port_ = listen("vsock.sock_1");
    }

    // False once the device would have ended.
    bool step(fuzz::Input& input) {
        switch (input.number<std::uint8_t>() % 8) {
            case 0:
                connect_host(input);
                break;
            case 1:
                host_writes(input);
                break;
            case 2:
                host_reads(input);
                break;
            case 3:
                host_ends(input);
                break;
            case 4:
                now_ += std::chrono::milliseconds(input.number<std::uint16_t>());
                muxer_->advance(now_);
                break;
            case 5:
                post_buffers(input.number<std::uint8_t>() % 8);
                break;
            default:
                guest_sends(input);
                break;
        }
        return run();
    }

private:
    sys::UniqueFd listen(const std::string& name) {
        auto fd = sys::listen_unix(directory_fd_, name, 64);
        if (!fd || ::fcntl(fd->get(), F_SETFL, O_NONBLOCK) != 0) std::abort();
        return std::move(*fd);
    }
    void post_buffers(int count) {
        for (; count > 0 && posted_ < GuestDriver::ring_size; --count, ++posted_)
            driver_.post_receive_buffers(1);
    }

    void connect_host(fuzz::Input& input) {
        if (hosts_.size() >= 2 * max_connections) return;
        auto fd = sys::connect_unix(directory_fd_, "vsock.sock");
        if (!fd) return;
        ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
        if (input.number<std::uint8_t>() % 4 != 0) {
            constexpr std::string_view line = "CONNECT 2\n";
            static_cast<void>(::send(fd->get(), line.data(), line.size(), MSG_NOSIGNAL));
        }
        hosts_.push_back(std::move(*fd));
    }
    sys::UniqueFd* host(fuzz::Input& input) {
        if (hosts_.empty()) return nullptr;
        return &hosts_[input.number<std::uint8_t>() % hosts_.size()];
    }
    void host_writes(fuzz::Input& input) {
        const sys::UniqueFd* fd = host(input);
        if (fd == nullptr) return;
        const std::string bytes(input.number<std::uint16_t>(), 'h');
        static_cast<void>(::send(fd->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
    void host_reads(fuzz::Input& input) {
        const sys::UniqueFd* fd = host(input);
        if (fd == nullptr) return;
        std::string bytes(input.number<std::uint16_t>() * std::size_t{4} + 1, '\0');
        static_cast<void>(::recv(fd->get(), bytes.data(), bytes.size(), MSG_DONTWAIT));
    }
    void host_ends(fuzz::Input& input) {
        sys::UniqueFd* fd = host(input);
        if (fd == nullptr) return;
        switch (input.number<std::uint8_t>() % 3) {
            case 0:
                ::shutdown(fd->get(), SHUT_WR);
                break;
            case 1:
                ::shutdown(fd->get(), SHUT_RD);
                break;
            default:
                std::swap(*fd, hosts_.back());
                hosts_.pop_back();
        }
    }

    void guest_sends(fuzz::Input& input) {
        const auto choices = input.number<std::uint8_t>();
        PacketHeader header;
        header.source_cid = (choices & 1) != 0 && (choices & 2) != 0 && (choices & 4) != 0
                                ? input.number<std::uint64_t>()
                                : 3;
        header.destination_cid = (choices & 24) == 24 ? input.number<std::uint64_t>() : host_cid;
        const auto port = input.number<std::uint8_t>();
        // half of the packets for connections that the guest was asked for, half for its own
        if ((port & 1) != 0 && !requested_.empty()) {
            header.source_port = 2;
            header.destination_port = requested_[port / 2 % requested_.size()];
        } else {
            header.source_port = 100U + port % 8;
            header.destination_port = 1;
        }
        header.operation = (choices & 32) != 0 ? input.number<std::uint16_t>() % 9
                                               : static_cast<std::uint16_t>(Operation::data);
        header.type = (choices & 192) == 192 ? input.number<std::uint16_t>() : type_stream;
        header.flags = input.number<std::uint8_t>() % 8;
        header.buffer_allocation = input.number<std::uint16_t>() * 8U;
        const std::string payload(header.operation == static_cast<std::uint16_t>(Operation::data)
                                      ? input.number<std::uint16_t>()
                                      : 0,
                                  'g');
        header.length = static_cast<std::uint32_t>(payload.size()) +
                        ((choices & 224) == 224 ? input.number<std::uint32_t>() : 0);
        State& state = states_[{header.source_port, header.destination_port}];
        header.forwarded_count =
            state.received + ((choices & 160) == 160 ? input.number<std::uint32_t>() : 0);
        if (!driver_.transmit(header, payload)) return;
        const bool valid = header.source_cid == 3 && header.destination_cid == host_cid &&
                           header.type == type_stream && header.length == payload.size();
        if (!valid) return;
        if (header.operation == static_cast<std::uint16_t>(Operation::request)) state.received = 0;
        state.buffer = header.buffer_allocation;
        state.forwarded = header.forwarded_count;
    }

    bool run() {
        for (int round = 0; round < 20; ++round) {
            std::array<epoll_event, 16> storage;
            const auto events = poller_.wait(storage, std::chrono::milliseconds(0));
            if (!events) std::abort();
            for (const epoll_event& event : *events) {
                const auto handled = event.data.u64 == 1
                                         ? muxer_->listener_event()
                                         : muxer_->connection_event(event.data.u64, event.events);
                if (!handled) std::abort();
            }
            const auto more = muxer_->process_transmit(transmit_);
            const auto starved = muxer_->fill_receive(receive_);
            if (!more || !starved) std::abort();  // this guest's rings are always right
            static_cast<void>(transmit_.publish());
            static_cast<void>(receive_.publish());
            receive();
            if (muxer_->connections() > max_connections || muxer_->buffered() > max_buffered) std::abort();
            while (true) {
                sys::UniqueFd fd(::accept4(host_port_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
                if (!fd) break;
                hosts_.push_back(std::move(fd));
            }
            if (events->empty() && !*more && (!muxer_->has_output() || *starved)) break;
        }
        return true;
    }

    void receive() {
        while (const auto packet = driver_.take_received()) {
            const PacketHeader& header = packet->header;
            if (packet->operation() == Operation::request) {
                requested_.push_back(header.source_port);
                states_[{header.destination_port, header.source_port}] = {};
            }
            if (packet->operation() == Operation::data) {
                State& state = states_[{header.destination_port, header.source_port}];
                state.received += header.length;
                if (state.received - state.forwarded > state.buffer)
                    std::abort();  // beyond the credit that was given
            }
            if (packet->operation() != Operation::data && header.length != 0) std::abort();
            if (header.destination_cid != 3) std::abort();
        }
    }

    struct State {
        std::uint32_t received = 0;
        std::uint32_t buffer = 0;
        std::uint32_t forwarded = 0;
    };

    // one for all runs: what is in it is replaced by each
    static const std::filesystem::path& directory() {
        static const hutch::testing_support::TemporaryDirectory instance;
        return instance.path();
    }

    sys::UniqueFd directory_fd_;
    Poller poller_ = std::move(*Poller::create());
    Muxer::TimePoint now_{};
    std::unique_ptr<Muxer> muxer_;
    sys::UniqueFd host_port_;
    GuestDriver driver_;
    GuestMemory memory_ = driver_.memory().map();
    Virtqueue receive_ = *Virtqueue::create(
        memory_, GuestDriver::setup_of(driver_.receive_ring(), Virtqueue::Direction::device_writes));
    Virtqueue transmit_ = *Virtqueue::create(
        memory_, GuestDriver::setup_of(driver_.transmit_ring(), Virtqueue::Direction::device_reads));
    std::uint16_t posted_ = 0;
    std::deque<sys::UniqueFd> hosts_;
    std::vector<std::uint32_t> requested_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, State> states_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    World world;
    fuzz::Input input(data, size);
    for (int steps = 0; steps < 200 && !input.empty(); ++steps)
        if (!world.step(input)) break;
    return 0;
}
