// delivery_plan.h
//
// Who gets a copy of one message: an account that one envelope reaches twice (by an alias and by
// its own address) gets one. For the files of this folder. Thread: any reactor.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery/reception.h"
#include "journal/base/random.h"
#include "projections/views.h"

namespace daybook {

struct DeliveryPlan {
    std::vector<DeliveryTarget> targets;
    std::vector<RelayTarget> relays;
    // Parallel to Arrival::recipients: indexes of `targets`; for those elsewhere, of `relays`.
    std::vector<std::vector<std::size_t>> targetsOf;
    std::vector<std::optional<std::size_t>> relayOf;
};

DeliveryPlan planDelivery(const Arrival& arrival, const Views& views, Random& random);

// Per recipient of the envelope: done if it is queued, or stored for one account at least, else why
// not.
std::vector<Outcome<Done>> outcomesOf(const DeliveryPlan& plan, const Deliver::Answer& answer);

}  // namespace daybook
