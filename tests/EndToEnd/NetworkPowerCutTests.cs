using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>The power of a Pi with real systemd and ifupdown fails during a change of address. Every system call is cut in the integration tests.</summary>
public class NetworkPowerCutTests
{
    /// <summary>The power goes at twenty moments between the marker and the end of the change; in half of them the change is confirmed meanwhile.</summary>
    [Fact]
    public Task A_pi_whose_power_was_cut_during_a_change_boots_with_the_old_or_the_confirmed_new_address() =>
        Task.WhenAll(CutAgainAndAgainAsync("cuta", 184, isConfirmed: false), CutAgainAndAgainAsync("cutb", 187, isConfirmed: true));

    private static async Task CutAgainAndAgainAsync(string name, int first, bool isConfirmed)
    {
        const int cuts = 10;
        LooseBoard board = await LooseBoard.PowerOnAsync(name, first, Backend.Ifupdown);
        for (int i = 0; i < cuts; i++)
        {
            string next = board.Address(first + 1 + (i % 2));
            Task<string> change = isConfirmed
                ? board.TryShellAsync($"(until rpi-agent network confirm; do sleep 0.1; done) >/dev/null 2>&1 & rpi-agent network set --iface eth0 --method static --address {next}/24 --gateway {board.Address(1)} --within {LooseBoard.Limit}")
                : board.SetAsync(next, board.Address(1));
            await board.WaitForMarkerAsync("prepared", i * 250);
            await board.CutPowerAsync();
            await change;
            await board.PowerOnAsync();
            await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () =>
            {
                string? asOld = await board.WhyNotAsOldAsync();
                if (asOld is not null && isConfirmed && await board.WhyNotAsync(next) is null)
                {
                    board.Current = next;
                    return null;
                }

                return asOld;
            });
        }
    }
}
