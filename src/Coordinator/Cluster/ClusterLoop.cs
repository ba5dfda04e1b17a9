namespace RpiAgent.Coordinator.Cluster;

/// <summary>Keeps the snapshot true for as long as the process runs, leader or not.</summary>
internal sealed class ClusterLoop(ClusterFeeds feeds, StatusCollector statuses) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Task.Run(() => feeds.RunAsync(stoppingToken), CancellationToken.None), Task.Run(() => statuses.RunAsync(stoppingToken), CancellationToken.None));
}
