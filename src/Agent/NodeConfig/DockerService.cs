using System.Net.Sockets;
using RpiAgent.Agent.NodeConfig.Documents;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Restarts the engine with new options and takes them back when it does not answer.</summary>
internal sealed class DockerService(AgentOptions options, ConfigFiles files, CommandRunner commands, TimeProvider time)
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RestartsWithin = TimeSpan.FromSeconds(120);

    /// <exception cref="InvalidOperationException">The engine did not start with them; the old options are back.</exception>
    public async Task ChangeOptionsAsync(ChangeDockerOptions change, CancellationToken cancel)
    {
        byte[]? before = files.Read(DockerDefaults.FilePath);
        files.Write(DockerDefaults.FilePath, change.Content);
        if (options.Root != "/")
        {
            return;
        }

        if (await RestartAsync(cancel) is { } reason)
        {
            Restore(before);
            string? again = await RestartAsync(cancel);
            throw new InvalidOperationException(
                $"docker does not start with the new options ({reason}); the old ones are back{(again is null ? " and it runs" : $", but it does not run: {again}")}");
        }
    }

    private void Restore(byte[]? before)
    {
        if (before is null)
        {
            File.Delete(files.RealPath(DockerDefaults.FilePath));
        }
        else
        {
            files.Write(DockerDefaults.FilePath, before);
        }
    }

    /// <returns>Null when the engine answers, else its last words.</returns>
    private async Task<string?> RestartAsync(CancellationToken cancel)
    {
        // The unit allows three starts a minute.
        await commands.RunAsync("systemctl", ["reset-failed", "docker.service"], RestartsWithin, cancel);
        CommandResult restart = await commands.RunAsync("systemctl", ["restart", "docker.service"], RestartsWithin, cancel);
        long start = time.GetTimestamp();
        while (restart.Succeeded && time.GetElapsedTime(start) < AnswersWithin)
        {
            if (await AnswersAsync(cancel))
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), time, cancel);
        }

        CommandResult log = await commands.RunAsync("journalctl", ["-u", "docker.service", "-n", "5", "-o", "cat", "--no-pager"], RestartsWithin, cancel);
        string last = string.Join(" | ", log.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return last.Length > 0 ? last : restart.Error.Trim();
    }

    private async Task<bool> AnswersAsync(CancellationToken cancel)
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
