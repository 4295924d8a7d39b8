// dsn_recipient.h
//
// What a report says of one recipient, from its row of the deliveries view: the same words for a
// sender who is owed a report and for an operator who asks. Pure; any thread.
#pragma once

#include "engine/delivery/dsn.h"
#include "projections/deliveries.h"

namespace daybook {

// `action`: what is reported; the row may be further by now.
DsnRecipient dsnRecipient(const DeliveryRow& row, event::DsnAction action);

}  // namespace daybook
