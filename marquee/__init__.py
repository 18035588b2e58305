"""What every package stands on: errors, strict settings, whole files, TFRecord framing."""
