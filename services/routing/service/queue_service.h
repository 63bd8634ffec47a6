// The rpcs of ctc.routing.v1.QueueService. Thread-safe.
#pragma once

#include "ctc/routing/v1/queue_service.pb.h"
#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/rpc/channel.h"
#include "services/routing/service/catalogue.h"
#include "services/routing/service/directory.h"

namespace ctc::routing {

class QueueService {
 public:
  // All outlive it.
  QueueService(db::Database& database, Directory& directory, Catalogue& catalogue,
               const base::Clock& clock, base::Random& random)
      : database_(database),
        directory_(directory),
        catalogue_(catalogue),
        clock_(clock),
        ids_(clock, random) {}

  template <class Response>
  using Result = Task<absl::StatusOr<Response>>;

  Result<v1::CreateQueueResponse> CreateQueue(rpc::Context context,
                                              const v1::CreateQueueRequest& request);
  Result<v1::ListQueuesResponse> ListQueues(rpc::Context context,
                                            const v1::ListQueuesRequest& request);
  Result<v1::GetQueueResponse> GetQueue(rpc::Context context, const v1::GetQueueRequest& request);
  Result<v1::UpdateQueueResponse> UpdateQueue(rpc::Context context,
                                              const v1::UpdateQueueRequest& request);
  Result<v1::DeleteQueueResponse> DeleteQueue(rpc::Context context,
                                              const v1::DeleteQueueRequest& request);
  Result<v1::GetQueueLiveResponse> GetQueueLive(rpc::Context context,
                                                const v1::GetQueueLiveRequest& request);

 private:
  db::Database& database_;
  Directory& directory_;
  Catalogue& catalogue_;
  const base::Clock& clock_;
  base::IdGenerator ids_;
};

}  // namespace ctc::routing
