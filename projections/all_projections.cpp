#include <array>

#include "projections/accounts.h"
#include "projections/deliveries.h"
#include "projections/histories.h"
#include "projections/mailboxes.h"
#include "projections/messages.h"
#include "projections/projection.h"
#include "projections/summaries.h"

namespace daybook {

std::span<const Projection> allProjections() {
    static const std::array projections = {
        kAccountsProjection,
        kMailboxesProjection,
        kMessagesProjection,
        kSummariesProjection,
        kHistoriesProjection,
        kDeliveriesProjection,
    };
    return projections;
}

}  // namespace daybook
