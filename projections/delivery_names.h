// delivery_names.h
//
// The names in the deliveries view that have ids of their own: domains that mail goes to, and
// addresses that an account's mail is not taken for. For deliveries_fold.cpp; the rows are in
// deliveries.h. One thread.
#pragma once

#include "journal/lmdb.h"
#include "journal/record.h"
#include "projections/view_tables.h"

namespace daybook {

// DestinationDefined.
void defineDestination(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables);
// SuppressionChanged.
void changeSuppression(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables);

}  // namespace daybook
