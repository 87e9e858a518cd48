#include "manager/vmm/driver_choice.hpp"

namespace hutch::vmm {

Result<DriverChoice> choose_driver(const std::string& configured, const DriverProbes& probes) {
    const bool automatic = configured == "auto";
    if (!automatic && configured != "uml")
        return fail(ErrorKind::invalid_argument, "no_such_driver",
                    "HUTCH_DRIVER: this version has no driver \"" + configured + "\"; use auto or uml");
    if (!probes.uml.usable)
        return fail(ErrorKind::internal, "no_driver",
                    "no driver can run guests on this host: uml failed (" + probes.uml.problem + ")" +
                        (automatic ? ", and the KVM drivers are not built in this version" : ""));
    if (!automatic) return DriverChoice{"uml", "HUTCH_DRIVER asks for it"};
    const std::string kvm = probes.kvm.usable ? "KVM runs guests on this host, but"
                                              : "KVM's probe failed (" + probes.kvm.problem + "), and";
    return DriverChoice{"uml", kvm + " the KVM drivers are not built in this version"};
}

}  // namespace hutch::vmm
