// The rpcs of ctc.routing.v1.IvrService. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "ctc/routing/v1/ivr_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/routing/domain/flow.h"
#include "services/routing/domain/menu_check.h"
#include "services/routing/service/catalogue.h"
#include "services/routing/service/directory.h"

namespace ctc::routing {

class IvrService {
 public:
  // All outlive it.
  IvrService(db::Database& database, Directory& directory, Catalogue& catalogue,
             const base::Clock& clock, base::Random& random)
      : database_(database),
        directory_(directory),
        catalogue_(catalogue),
        clock_(clock),
        ids_(clock, random) {}

  template <class Response>
  using Result = Task<absl::StatusOr<Response>>;

  // ivr_menus.cpp
  Result<v1::CreateIvrMenuResponse> CreateIvrMenu(rpc::Context context,
                                                  const v1::CreateIvrMenuRequest& request);
  Result<v1::ListIvrMenusResponse> ListIvrMenus(rpc::Context context,
                                                const v1::ListIvrMenusRequest& request);
  Result<v1::GetIvrMenuResponse> GetIvrMenu(rpc::Context context,
                                            const v1::GetIvrMenuRequest& request);
  Result<v1::UpdateIvrMenuResponse> UpdateIvrMenu(rpc::Context context,
                                                  const v1::UpdateIvrMenuRequest& request);
  Result<v1::DeleteIvrMenuResponse> DeleteIvrMenu(rpc::Context context,
                                                  const v1::DeleteIvrMenuRequest& request);

  // ivr_dry_run.cpp
  Result<v1::SimulateIvrMenuResponse> SimulateIvrMenu(rpc::Context context,
                                                      const v1::SimulateIvrMenuRequest& request);
  Result<v1::ValidateIvrMenuResponse> ValidateIvrMenu(rpc::Context context,
                                                      const v1::ValidateIvrMenuRequest& request);

  // next_flow_step.cpp
  Result<v1::NextFlowStepResponse> NextFlowStep(rpc::Context context,
                                                const v1::NextFlowStepRequest& request);

 private:
  // What the menu is written among; locks the tenant's menus until the transaction ends.
  absl::StatusOr<Surroundings> LockSurroundings(db::Connection& c,
                                                const base::TenantId& tenant) const;
  // The menus, queues and agents as a dry run sees them.
  Task<absl::StatusOr<Floor>> LookAround(base::TenantId tenant, absl::Time deadline, absl::Time at);

  db::Database& database_;
  Directory& directory_;
  Catalogue& catalogue_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
};

}  // namespace ctc::routing
