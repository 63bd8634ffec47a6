#include "services/suite/suite.h"

#include "services/dispatch/wiring.h"
#include "services/gateway/wiring.h"
#include "services/recording/wiring.h"
#include "services/routing/wiring.h"
#include "services/session/wiring.h"
#include "services/stats/wiring.h"
#include "services/webhook/wiring.h"

namespace ctc::suite {

host::Program AllServices() {
  return {"ctc serve",
          "every service in one process",
          {{"session", session::Make},
           {"routing", routing::Make},
           {"dispatch", dispatch::Make},
           {"webhook", webhook::Make},
           {"recording", recording::Make},
           {"stats", stats::Make},
           {"gateway", gateway::Make}}};
}

}  // namespace ctc::suite
