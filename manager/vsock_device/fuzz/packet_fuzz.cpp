// The packet header: every byte sequence parses, and serialising gives the same bytes back.

#include <algorithm>
#include <cstdlib>

#include "manager/vsock_device/packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hutch::vsock;
    if (size < packet_header_size) return 0;
    const auto bytes = std::as_bytes(std::span(data, size)).first<packet_header_size>();
    const PacketHeaderBytes again = serialise_packet_header(parse_packet_header(bytes));
    if (!std::equal(again.begin(), again.end(), bytes.begin())) std::abort();
    return 0;
}
