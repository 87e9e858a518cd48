#pragma once

#include <memory>
#include <string>

#include "common/result.hpp"
#include "manager/auth/auth.hpp"
#include "manager/config/config.hpp"
#include "manager/images/images.hpp"
#include "manager/vm/vm_service.hpp"

namespace hutch::api {

/// What the API works on; all must outlive the server.
struct Dependencies {
    vm::VmService& vms;
    images::Images& images;
    auth::Auth& auth;
    const config::Config& config;
    int max_vcpus = 1;  ///< of the driver
};

/// The HTTP API and the web UI on one port. Owner: main.
class Server {
public:
    /// Reads the web UI's files; without the folder there is no UI and the log says so.
    [[nodiscard]] static Result<std::unique_ptr<Server>> create(const Dependencies& dependencies);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and listens. Port 0: any free one. The error says what to do when another program has the port.
    [[nodiscard]] Result<void> listen(const std::string& host, int port);
    /// The port listened on.
    [[nodiscard]] int port() const;
    /// Serves until stop(), and then until the calls that were being worked on are answered: to end soon, end
    /// what they wait for (VmManager::stop_all) after stop().
    void serve();
    /// From any thread, or a signal handler: no new connections and calls.
    void stop();

private:
    struct Parts;
    explicit Server(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace hutch::api
