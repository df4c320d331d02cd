"""WeCom's customer service (微信客服, kf) as a channel: `kf:<external_userid>`. See `channel.KfChannel`."""
