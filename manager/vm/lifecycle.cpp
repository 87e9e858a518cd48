#include "manager/vm/lifecycle.hpp"

namespace hutch::vm {

bool is_legal_move(store::VmState from, store::VmState to) {
    using enum store::VmState;
    if (to == deleted) return from != deleted;
    switch (from) {
        case created:
            return to == starting || to == stopped;
        case starting:
            return to == running || to == error || to == stopped;
        case running:
            return to == stopping || to == error || to == stopped;
        case stopping:
            return to == stopped;
        case stopped:
        case error:
            return to == starting;
        case deleted:
            return false;
    }
    return false;
}

}  // namespace hutch::vm
