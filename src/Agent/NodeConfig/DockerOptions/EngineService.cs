using System.Net.Sockets;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>The engine as a service of systemd.</summary>
internal sealed class EngineService(AgentOptions options, CommandRunner commands, TimeProvider time)
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(15);

    /// <returns>Null when the engine answers, else its last words.</returns>
    public async Task<string?> RestartAsync(TimeSpan limit, CancellationToken cancel)
    {
        if (options.Root != "/")
        {
            return null;
        }

        // The unit allows three starts a minute.
        long start = time.GetTimestamp();
        await commands.RunAsync("systemctl", ["daemon-reload"], Short, cancel);
        await commands.RunAsync("systemctl", ["reset-failed", "docker.service"], Short, cancel);
        CommandResult restart = await commands.RunAsync("systemctl", ["restart", "docker.service"], limit, cancel);
        while (restart.Succeeded && time.GetElapsedTime(start) < limit)
        {
            if (await AnswersAsync(cancel))
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancel);
        }

        CommandResult log = await commands.RunAsync("journalctl", ["-u", "docker.service", "-n", "5", "-o", "cat", "--no-pager"], Short, cancel);
        string last = string.Join(" | ", log.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return last.Length > 0 ? last : restart.Error.Trim();
    }

    public async Task<bool> AnswersAsync(CancellationToken cancel)
    {
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (_, token) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.Under(options.DockerSocket)), token);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using HttpClient client = new(handler) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri("http://docker/_ping"), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
