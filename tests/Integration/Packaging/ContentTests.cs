using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Packaging;

/// <summary>The trees of both packages as deploy/lib/debian.sh fills them, with an empty program.</summary>
public class ContentTests
{
    [Fact]
    public async Task Every_file_of_deploy_systemd_is_in_a_package()
    {
        string missing = await Shell.RunAsync($$"""
            exec bash -euo pipefail -c '
                REPOSITORY={{Repository.Folder}}
                . "$REPOSITORY/deploy/lib/programs.sh"; . "$REPOSITORY/deploy/lib/debian.sh"
                trees=$(mktemp -d)
                trap "rm -rf $trees" EXIT
                mkdir "$trees/program"
                for name in agent coordinator; do fill_$name "$trees/$name" "$trees/program"; done
                find "$trees" -type f -exec sha256sum {} + | cut -c1-64 >"$trees/sums"
                for file in "$REPOSITORY"/deploy/systemd/*; do
                    grep -q "$(sha256sum <"$file" | cut -c1-64)" "$trees/sums" || echo "${file##*/}"
                done'
            """);
        Assert.Equal("", missing);
    }
}
