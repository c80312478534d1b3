// Preloaded into what `npm start` runs. The channel to the parent closes also when the parent is
// killed, and then nobody else would end this process and free its port.
if (process.connected) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}
