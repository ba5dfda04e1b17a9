using System.Collections.Immutable;
using RpiAgent.Agent.Status;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// Used secrets must not stay on the card: tries again to take them away, after a power cut in the midst of it or on a boot partition
/// that cannot be written, and warns with every status as long as they are there.
/// </summary>
internal sealed class CardWatch(CardDesk desk, StatusBoard board, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Look, time);
        do
        {
            string? why = await desk.ScrubAsync(stoppingToken);
            ImmutableArray<string> warnings = why is null ? [] : [$"token still on the boot partition: {why}"];
            if (!warnings.SequenceEqual(board.Report.CardWarnings))
            {
                board.Update(report => report with { CardWarnings = warnings });
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
