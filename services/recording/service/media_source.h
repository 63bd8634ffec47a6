// Where the audio of a recording comes from. Today its provider; a store of our own is another
// implementation.
#pragma once

#include <string>

#include "ctc/common/v1/media.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/channel.h"

namespace ctc::recording {

struct MediaPlace {
  std::string provider_id;
  std::string recording_url;  // as the provider told it
};

class MediaSource {
 public:
  virtual ~MediaSource() = default;
  // Errors: RECORDING_MISSING, CAPABILITY_MISSING, OVERLOADED, the provider's.
  virtual Task<absl::StatusOr<common::v1::MediaPiece>> Read(rpc::Context context, MediaPlace place,
                                                            common::v1::ByteRange range) = 0;
  // Deletes what we keep of it ourselves; OK when that is nothing.
  virtual Task<absl::Status> Delete(rpc::Context context, MediaPlace place) = 0;
};

// Fetched from the provider when it is asked for. Dispatch knows the credentials, and to which
// hosts they may go.
class ProviderMedia final : public MediaSource {
 public:
  explicit ProviderMedia(rpc::Channel& dispatch) : dispatch_(dispatch) {}
  Task<absl::StatusOr<common::v1::MediaPiece>> Read(rpc::Context context, MediaPlace place,
                                                    common::v1::ByteRange range) override;
  Task<absl::Status> Delete(rpc::Context context, MediaPlace place) override;

 private:
  rpc::Channel& dispatch_;
};

}  // namespace ctc::recording
