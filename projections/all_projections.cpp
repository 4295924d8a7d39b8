#include <array>

#include "projections/access_rights.h"
#include "projections/accounts.h"
#include "projections/deliveries.h"
#include "projections/histories.h"
#include "projections/mailboxes.h"
#include "projections/messages.h"
#include "projections/metadata.h"
#include "projections/projection.h"
#include "projections/quotas.h"
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
        kAccessRightsProjection,
        kQuotasProjection,
        kMetadataProjection,
    };
    return projections;
}

}  // namespace daybook
