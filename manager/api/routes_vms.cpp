#include <algorithm>
#include <charconv>

#include <spdlog/spdlog.h>

#include "manager/api/errors.hpp"
#include "manager/api/render.hpp"
#include "manager/api/routes.hpp"

namespace hutch::api {

namespace {

using store::VmId;
using vm::VmService;
using vm::VmView;

constexpr int max_page = 1000;

Result<VmId> vm_id(const Request& request) {
    return path_id<VmId>(request, "vm_not_found", "a VM");
}

Response create(VmService& vms, const CreateLimits& limits, const Request& request) {
    if (!request.header("idempotency-key").empty())
        return error_response(not_available("Idempotency-Key").value());
    const auto parsed = parse_create_request(request.body, limits);
    if (!parsed) return error_response(parsed.error());
    const auto view = vms.create(*parsed);
    if (!view) return error_response(view.error());
    if (request.client_is_gone()) {
        // Nobody would ever know of this VM.
        if (const auto removed = vms.remove(view->record.id); !removed) {
            spdlog::warn("{}: its creator is gone, but it could not be removed: {}", view->record.id.text(),
                         removed.error().message);
        }
        return error_response(499, "client_gone", "the client closed the connection, the VM was removed");
    }
    auto body = render(*view);
    body["warnings"] = create_warnings(*view);
    Response response = json_response(201, body);
    response.headers.emplace_back("Location", "/v1/vms/" + view->record.id.text());
    return response;
}

/// What GET /v1/vms may narrow its answer to.
struct ListQuery {
    std::optional<store::VmState> state;
    std::vector<std::pair<std::string, std::optional<std::string>>>
        labels;             ///< all must be there; without a value: any
    std::size_t limit = 0;  ///< 0: all
    std::string after;      ///< position (see below), empty: from the start
};

/// Where a VM stands in the list: by time, then id. Still a position when that VM is gone.
std::string position(const VmView& view) {
    return view.record.created_at + "~" + view.record.id.text();
}

Result<ListQuery> parse_list_query(const Request& request) {
    ListQuery query;
    for (const auto& [name, value] : request.query) {
        if (name == "state") {
            query.state = store::vm_state_from(value);
            if (!query.state && value != "PAUSED")
                return invalid_field("state", "must be a state such as RUNNING");
            if (!query.state)
                query.state = store::VmState::deleted;  // nothing is ever PAUSED, nor listed when DELETED
        } else if (name == "label") {
            const auto equals = value.find('=');
            if (value.empty() || equals == 0) return invalid_field("label", "must be a name, or name=value");
            query.labels.emplace_back(value.substr(0, equals), equals == std::string::npos
                                                                   ? std::nullopt
                                                                   : std::optional(value.substr(equals + 1)));
        } else if (name == "limit") {
            int limit = 0;
            const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), limit);
            if (error != std::errc{} || end != value.data() + value.size() || limit < 1 || limit > max_page) {
                return invalid_field("limit", "must be a whole number from 1 to " + std::to_string(max_page));
            }
            query.limit = static_cast<std::size_t>(limit);
        } else if (name == "cursor") {
            const auto tilde = value.find('~');
            if (tilde == std::string::npos || !VmId::parse(value.substr(tilde + 1))) {
                return invalid_field("cursor", "must be a value of X-Next-Cursor");
            }
            query.after = value;
        }
    }
    return query;
}

bool fits(const VmView& view, const ListQuery& query) {
    if (query.state && view.record.state != *query.state) return false;
    if (!query.after.empty() && position(view) <= query.after) return false;
    return std::all_of(query.labels.begin(), query.labels.end(), [&](const auto& wanted) {
        const auto found = view.record.labels.find(wanted.first);
        return found != view.record.labels.end() && (!wanted.second || found->second == *wanted.second);
    });
}

Response list(VmService& vms, const Request& request) {
    const auto query = parse_list_query(request);
    if (!query) return error_response(query.error());
    auto views = vms.list();
    if (!views) return error_response(views.error());
    std::erase_if(*views, [&](const VmView& view) { return !fits(view, *query); });
    std::sort(views->begin(), views->end(),
              [](const VmView& left, const VmView& right) { return position(left) < position(right); });
    const bool more = query->limit != 0 && views->size() > query->limit;
    if (more) views->resize(query->limit);
    auto body = nlohmann::ordered_json::array();
    for (const VmView& view : *views) body.push_back(render(view));
    Response response = json_response(200, body);
    if (more) response.headers.emplace_back("X-Next-Cursor", position(views->back()));
    return response;
}

Response show(VmService& vms, const Request& request) {
    const auto id = vm_id(request);
    if (!id) return error_response(id.error());
    const auto view = vms.get(*id);
    return view ? json_response(200, render(*view)) : error_response(view.error());
}

/// start, stop and remove: an id in, nothing out.
Response move(VmService& vms, Result<void> (VmService::*call)(const VmId&), const Request& request) {
    const auto id = vm_id(request);
    if (!id) return error_response(id.error());
    const auto done = (vms.*call)(*id);
    return done ? empty_response(204) : error_response(done.error());
}

}  // namespace

void add_vm_routes(Router& router, VmService& vms, const CreateLimits& limits) {
    router.add({"POST", "/v1/vms", Access::key, Rate::create, Length::lengthy,
                [&vms, limits](const Request& request) { return create(vms, limits, request); }});
    router.add({"GET", "/v1/vms", Access::key, Rate::all, Length::brief,
                [&vms](const Request& request) { return list(vms, request); }});
    router.add({"GET", "/v1/vms/{id}", Access::key, Rate::all, Length::brief,
                [&vms](const Request& request) { return show(vms, request); }});
    router.add({"DELETE", "/v1/vms/{id}", Access::key, Rate::all, Length::lengthy,
                [&vms](const Request& request) { return move(vms, &VmService::remove, request); }});
    router.add({"POST", "/v1/vms/{id}/start", Access::key, Rate::all, Length::lengthy,
                [&vms](const Request& request) { return move(vms, &VmService::start, request); }});
    router.add({"POST", "/v1/vms/{id}/stop", Access::key, Rate::all, Length::lengthy,
                [&vms](const Request& request) { return move(vms, &VmService::stop, request); }});
}

}  // namespace hutch::api
