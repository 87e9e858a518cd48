#pragma once

#include <functional>
#include <string>
#include <vector>

#include "manager/api/exchange.hpp"

namespace hutch::api {

/// Who may call a route.
enum class Access {
    open,  ///< anybody
    key,   ///< with an API key or a session
};

/// Which rate limit a call counts against, besides the one for all calls.
enum class Rate { all, create, exec };

/// Whether a call may take long: those are kept from using up all threads.
enum class Length { brief, lengthy };

struct Route {
    std::string method;
    std::string pattern;  ///< "/v1/vms/{id}/exec"; "{rest…}" at the end takes one or more segments
    Access access = Access::key;
    Rate rate = Rate::all;
    Length length = Length::brief;
    /// None: the contract has this route and this version does not; the answer is 501.
    std::function<Response(const Request&)> handler;
};

/// The table of all routes. Filled once, then read from any thread.
class Router {
public:
    void add(Route route);

    struct Match {
        const Route* route = nullptr;              ///< null: none with this path and method
        std::vector<std::string> allowed_methods;  ///< of the routes with this path
    };
    /// Finds a call's route and fills its path parameters. HEAD is served by GET's route.
    [[nodiscard]] Match match(Request& request) const;

    struct Entry {
        Route route;
        std::vector<std::string> pattern;
    };
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

private:
    std::vector<Entry> entries_;
};

}  // namespace hutch::api
